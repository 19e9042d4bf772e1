// Gives a folder with all it holds to a user of a task. Root does this below folders that other users can write to, so every step goes
// through the opened parent: no link that somebody puts in its place leads out.
import { constants, promises as fs } from 'node:fs';

type Owner = { readonly uid: number; readonly gid: number };

// New files get the folder's group, so that whoever shares it can go on with them.
const folderMode = 0o2755;

/** Folder `path` and everything in it belong to `owner` afterwards. Links are given away themselves, never what they lead to. */
export async function giveFolder(path: string, owner: Owner): Promise<void> {
  const folder = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const inside = `/proc/self/fd/${folder.fd}`;
    for (const entry of await fs.readdir(inside, { withFileTypes: true })) {
      const inFolder = `${inside}/${entry.name}`;
      if (entry.isDirectory()) await giveFolder(inFolder, owner);
      else await fs.lchown(inFolder, owner.uid, owner.gid);
    }
    // Last: until then nobody else could write here.
    await folder.chown(owner.uid, owner.gid);
    await folder.chmod(folderMode);
  } finally {
    await folder.close();
  }
}
