import { expect } from 'chai';
import { errorStatus, openApi } from '../../../src/protocol/openapi.ts';
import { type Operation, operations } from '../../../src/protocol/operations.ts';

// biome-ignore lint/suspicious/noExplicitAny: a description is JSON of any shape
const description = JSON.parse(JSON.stringify(openApi('1.2.3'))) as any;

// biome-ignore lint/suspicious/noExplicitAny: as above
function everything(value: any): any[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(everything)] : [];
}

describe('the description of the job port', () => {
  it('is OpenAPI 3.1 of this version', () => {
    expect(description.openapi).to.equal('3.1.0');
    expect(description.info).to.include({ title: 'rayserver', version: '1.2.3' });
  });

  it('has every operation, each under a name of its own', () => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const paths = Object.values<any>(description.paths);
    const names = paths.flatMap((path) => Object.values<{ operationId: string }>(path).map((one) => one.operationId));
    expect(names.sort()).to.deep.equal(Object.keys(operations).sort());
  });

  it('refers only to what it holds', () => {
    const references = everything(description).flatMap((one) => (typeof one.$ref === 'string' ? [one.$ref] : []));
    expect(references).to.not.be.empty;
    for (const reference of references) {
      const [, , kind, name] = reference.split('/');
      expect(description.components[kind], reference).to.have.property(name);
    }
  });

  for (const [name, operation] of Object.entries<Operation>(operations))
    it(`declares what ${name} takes, answers and refuses`, () => {
      const said = description.paths[operation.path][operation.method.toLowerCase()];
      const inPath = [...operation.path.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1]);
      const declared = (said.parameters ?? []).filter((one: { in: string }) => one.in === 'path');
      expect(declared.map((one: { name: string }) => one.name)).to.deep.equal(inPath);
      expect(declared.every((one: { required: boolean }) => one.required)).to.equal(true);
      expect(said.requestBody === undefined).to.equal(operation.body === undefined);
      for (const status of Object.keys(operation.answers)) expect(said.responses).to.have.property(status);
      for (const code of operation.refusals) expect(said.responses[errorStatus(code)].description).to.contain(code);
      for (const status of [400, 401, 403, 500, 503, 'default'])
        expect(said.responses[status].content['application/json'].schema.$ref).to.equal(
          '#/components/schemas/ErrorView',
        );
    });

  it('needs the token everywhere but at /healthz', () => {
    expect(description.security).to.deep.include({ token: [] });
    const open = Object.entries<Operation>(operations).filter(([, operation]) => operation.open);
    expect(open.map(([name]) => name)).to.deep.equal(['health']);
    expect(description.paths['/healthz'].get.security).to.deep.equal([{}]);
  });

  it('knows a status for every error code', () => {
    const codes: string[] = description.components.schemas.ErrorView.properties.error.properties.code.anyOf
      ? description.components.schemas.ErrorView.properties.error.properties.code.anyOf.map(
          (one: { const: string }) => one.const,
        )
      : description.components.schemas.ErrorView.properties.error.properties.code.enum;
    expect(codes).to.include('internal');
    for (const code of codes)
      if (code !== 'internal')
        expect(errorStatus(code as 'malformed'), code)
          .to.be.within(400, 503)
          .and.not.equal(500);
  });
});
