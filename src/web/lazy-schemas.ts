import ajvCompiler from '@fastify/ajv-compiler';
import serializerCompiler from '@fastify/fast-json-stringify-compiler';
import { atFirstUse } from '../model/at-first-use.ts';

/**
 * Fastify's own compilers, put off: a route's schemas are compiled at its first request. All routes together take a
 * third of the server's start, and most are not asked for.
 */
export const lazySchemas = {
  compilersFactory: {
    buildValidator: lazyValidators(ajvCompiler()),
    buildSerializer: lazySerializers(serializerCompiler()),
  },
};

type ValidatorFactory = ReturnType<typeof ajvCompiler>;
type Validate = ReturnType<ReturnType<ValidatorFactory>>;

function lazyValidators(build: ValidatorFactory): ValidatorFactory {
  return (schemas, options) => {
    const compiler = atFirstUse(() => build(schemas, options));
    return (...route) => {
      const check = atFirstUse(() => compiler()(...route));
      const validate = (value: unknown): unknown => {
        const fits = check()(value);
        validate.errors = check().errors;
        return fits;
      };
      validate.errors = undefined as Validate['errors'];
      // Of what else is told about a compiled schema Fastify asks nothing.
      return validate as Validate;
    };
  };
}

type Serialize = (value: unknown) => string;

function lazySerializers<Schemas, Options, Route>(
  build: (schemas: Schemas, options: Options) => (route: Route) => Serialize,
) {
  return (schemas: Schemas, options: Options) => {
    const compiler = atFirstUse(() => build(schemas, options));
    return (route: Route): Serialize => {
      const serialize = atFirstUse(() => compiler()(route));
      return (value) => serialize()(value);
    };
  };
}
