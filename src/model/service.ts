/** What a program is to the farm: settings may say something else for each of them. */
export const services = ['radiance', 'povray', 'blender', 'command'] as const;
export type Service = (typeof services)[number];

/** How simulations are contained: not at all where that cannot be; as far as it can; or not. */
export const sandboxModes = ['require', 'try', 'off'] as const;
export type SandboxMode = (typeof sandboxModes)[number];
