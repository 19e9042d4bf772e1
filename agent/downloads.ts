// Reading and writing through URLs that the controller hands out, as an interface.

export type Downloads = {
  /** The text behind `url`. Rejects with DownloadRefused when asking again is of no use. */
  getText(url: string): Promise<string>;
  /** Puts `content` as a block blob. */
  putBlob(url: string, content: Uint8Array, contentType?: string): Promise<void>;
};

/** The other side answered that there is no such thing, or that we may not have it. */
export class DownloadRefused extends Error {
  override readonly name = 'DownloadRefused';
}
