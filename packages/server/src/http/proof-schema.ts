/** The shapes in which people prove who they are. */
import { z } from '@hono/zod-openapi';

/** A password as it is sent. Bounds the work on it; what may be chosen is for `assertPassword` to say. */
export const passwordSchema: z.ZodString = z.string().min(1).max(4096);

/** Bytes in base64url as WebAuthn writes them. */
const bytesSchema = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[A-Za-z0-9_-]+$/, 'expected base64url');

const attachmentSchema = z.enum(['platform', 'cross-platform']).optional();
// What authenticators say of extensions is not looked at.
const extensionsSchema = z.looseObject({}).default({});

/** What `navigator.credentials.get` gave, as its `toJSON` writes it. */
export const assertionSchema = z
  .object({
    id: bytesSchema,
    rawId: bytesSchema,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: bytesSchema,
      authenticatorData: bytesSchema,
      signature: bytesSchema,
      userHandle: bytesSchema.optional(),
    }),
    authenticatorAttachment: attachmentSchema,
    clientExtensionResults: extensionsSchema,
  })
  .openapi('PasskeyAssertion');

/** The proof of a passkey as it came. */
export type Assertion = z.infer<typeof assertionSchema>;

/** What `navigator.credentials.create` gave, as its `toJSON` writes it. */
export const registrationSchema = z
  .object({
    id: bytesSchema,
    rawId: bytesSchema,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: bytesSchema,
      attestationObject: bytesSchema,
      transports: z.array(z.string().max(32)).max(8).optional(),
    }),
    authenticatorAttachment: attachmentSchema,
    clientExtensionResults: extensionsSchema,
  })
  .openapi('PasskeyRegistration');

/** A new passkey as it came. */
export type Registration = z.infer<typeof registrationSchema>;

/** Options for the browser: the argument of `PublicKeyCredential.parse…OptionsFromJSON`. */
export const optionsSchema = z.looseObject({ challenge: z.string() }).openapi('PasskeyOptions');

/** One second factor; at most one of them is given. */
export const factorShape = {
  totp: z
    .string()
    .regex(/^\d{6}$/, 'expected six digits')
    .optional(),
  recovery_code: z.string().min(1).max(64).optional(),
  passkey: assertionSchema.optional(),
};

/** The members by which somebody proves again who they are: the password and a second factor, or a passkey alone. */
export const proofShape = { password: passwordSchema.optional(), ...factorShape };

/** What somebody gave to prove who they are. */
export type Proof = z.infer<z.ZodObject<typeof proofShape>>;

/** The proof among the members of a body. */
export function readProof({ password, totp, recovery_code, passkey }: Proof): Proof {
  return { password, totp, recovery_code, passkey };
}

/** Whether a body holds a proof at all, for `refine`. */
export function hasProof({ password, passkey }: Proof): boolean {
  return password !== undefined || passkey !== undefined;
}

/** What `refine` says where there is none. */
export const proofExpected = 'expected password, or passkey';
