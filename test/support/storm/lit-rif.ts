/** The room, lit over two bounces: a small picture leaves thousands of values, in about a second. */
export interface LitRif {
  /** Of its pictures. */
  readonly name: string;
  /** As rpict takes them: `-vp ... -vd ...`. */
  readonly views: readonly string[];
  readonly pixels?: number;
  /** Of `-aa`: the less, the more values. Without it all is as rad has it. */
  readonly error?: number;
  /** The user's own name for the ambient file; without it the file is named by what it belongs to. */
  readonly ambient?: string;
}

/** Those of the same error have the same octree and, if their user gives it no name, the same ambient file. */
export function litRif({ name, views, pixels = 64, error, ambient }: LitRif): string {
  return [
    'ZONE= Interior 0 4 0 3 0 2.5',
    'QUALITY= Medium',
    'INDIRECT= 2',
    'PENUMBRAS= F',
    `RESOLUTION= ${pixels}`,
    ...(error === undefined ? [] : [`render= -ad 16 -as 0 -aa ${error}`]),
    'materials= materials.rad',
    'scene= room.rad',
    'OCTREE= octrees/room.oct',
    ...(ambient === undefined ? [] : [`AMBFILE= ${ambient}`]),
    `PICTURE= images/${name}`,
    ...views.map((view, index) => `view= v${index + 1} ${view}`),
    '',
  ].join('\n');
}

/** From a corner. */
export const door = '-vp 0.5 0.5 1.5 -vd 1 1 -.1';
