const thousands = ['KB', 'MB', 'GB', 'TB'] as const;
const binary = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Why a simulation was ended that needed more than it might have, bytes: all its processes together. */
export function ranOutOfMemory(most: number): string {
  return `It was ended because it needed more memory than ${sizeOf(most)} (setting "limits.memory").`;
}

/** As in settings: in the largest unit of which it is a whole number. */
function sizeOf(bytes: number): string {
  const sizes = [
    ...binary.map((unit, power) => ({ unit, one: 1024 ** (power + 1) })),
    ...thousands.map((unit, power) => ({ unit, one: 1000 ** (power + 1) })),
  ];
  const whole = sizes.filter(({ one }) => bytes % one === 0).sort((a, b) => b.one - a.one)[0];
  return whole ? `${bytes / whole.one} ${whole.unit}` : `${bytes} bytes`;
}
