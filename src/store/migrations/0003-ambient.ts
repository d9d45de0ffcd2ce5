import type { Migration } from '../migrations.ts';

/** Jobs say how they use indirect light, and their programs which ambient file: those of before know of none. */
export const ambient: Migration = {
  number: 3,
  name: 'ambient',
  sql: `
    UPDATE jobs SET data = json_set(data, '$.request.ambient', 'shared')
      WHERE data ->> '$.request.kind' = 'radiance';
    UPDATE tasks SET plan = json_set(plan, '$.deeds', (
      SELECT json_group_array(json(
        CASE deed.value ->> '$.do' WHEN 'run' THEN json_set(deed.value, '$.ambient', json('null')) ELSE deed.value END
      ) ORDER BY deed.key) FROM json_each(plan, '$.deeds') AS deed
    )) WHERE plan IS NOT NULL;
  `,
};
