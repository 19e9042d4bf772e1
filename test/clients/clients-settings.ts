// Settings of the app that the suites of clients run on.

/** What a deployment declares for its clients to see: an application more than a page of the suites. */
export const clientsSettings = {
  BookendApplications: JSON.stringify(
    ['one', 'two', 'three', 'four'].map((id) => ({ id, displayName: `Tool ${id}`, versions: ['1.0', '2.0'] })),
  ),
};
