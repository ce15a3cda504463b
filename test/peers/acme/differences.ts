/** Where we answer otherwise than Debian's Pebble (2.4.0), and mean to: what each says, and why. */

/** What both say to one probe. */
export interface Difference {
  readonly ours: string;
  readonly pebble: string;
  readonly why: string;
}

const gone = 'of another account or not there: nobody learns which (architecture.md, invariants: 404, whoever asks)';
const response = 'RFC 8555, 6.7 and 8.3: what is served does not meet the challenge, which is incorrectResponse';
const algorithm = 'RFC 8555, 6.2: an algorithm that the server does not take is badSignatureAlgorithm';

/** By what is asked. A difference that is not listed, or is no more, fails the test. */
export const differences: Readonly<Record<string, Difference>> = {
  'a request that was signed for another URL': {
    ours: '403 unauthorized',
    pebble: '400 malformed',
    why: 'RFC 8555, 6.4: "the server MUST reject the request as unauthorized"',
  },
  'an account of another server': {
    ours: '400 accountDoesNotExist',
    pebble: '400 malformed',
    why: 'RFC 8555, 6.7: the request specified an account that does not exist; its address is not taken apart for strangers',
  },
  'the algorithm none': { ours: '400 badSignatureAlgorithm', pebble: '400 malformed', why: algorithm },
  'an algorithm of shared secrets': { ours: '400 badSignatureAlgorithm', pebble: '400 malformed', why: algorithm },
  'the algorithm of another kind of key': {
    ours: '400 badSignatureAlgorithm',
    pebble: '400 malformed',
    why: `${algorithm}, also for the key that signed`,
  },
  'a new account by an Ed25519 key': {
    ours: '201 valid',
    pebble: '400 badPublicKey',
    why: 'RFC 8555, 6.2: "SHOULD implement the EdDSA signature algorithm"; Pebble does not',
  },
  'a new account without agreeing to the terms': {
    ours: '403 userActionRequired',
    pebble: '403 agreementRequired',
    why: 'RFC 8555, 6.7 has no type agreementRequired; the person must visit the terms, which userActionRequired says',
  },
  'another key': {
    ours: '200 valid',
    pebble: '200',
    why: 'RFC 8555, 7.3.5, asks for 200 alone; the account in the body tells that it is the same one',
  },
  'the key of another account': {
    ours: '409 malformed',
    pebble: '500 serverInternal',
    why: 'RFC 8555, 7.3.5: "MUST respond with status code 409 (Conflict)"',
  },
  'a request by an account that has ended': {
    ours: '401 unauthorized',
    pebble: '403 unauthorized',
    why: 'RFC 8555, 7.3.6: "an error response with status code 401 (Unauthorized)"',
  },
  'the account of somebody else': {
    ours: '403 unauthorized',
    pebble: '200 valid',
    why: 'RFC 8555, 7.1.2: an account is read by its own key; Pebble shows it to whoever asks',
  },
  'an identifier of an unknown kind': {
    ours: '400 unsupportedIdentifier',
    pebble: '400 malformed',
    why: 'RFC 8555, 6.7: an identifier of an unsupported type is unsupportedIdentifier',
  },
  'a name that is none': {
    ours: '400 malformed',
    pebble: '201 pending',
    why: 'RFC 1034, 3.5: an empty label is no name; no certificate could hold it',
  },
  'a beginning that is no time': {
    ours: '400 malformed',
    pebble: '201 pending',
    why: 'RFC 8555, 7.4: an error where a request cannot be fulfilled; notBefore is refused whatever it says (docs/acme.md)',
  },
  'an order that there is not': { ours: '404 malformed', pebble: '404', why: 'RFC 8555, 6.7: errors have a document' },
  'the order of somebody else': { ours: '404 malformed', pebble: '403 unauthorized', why: gone },
  'an authorisation that is given up': {
    ours: '200 deactivated, order invalid',
    pebble: '200 deactivated, order deactivated',
    why: 'RFC 8555, 7.1.6: an order is pending, ready, processing, valid or invalid',
  },
  'another key authorization': {
    ours: 'challenge invalid incorrectResponse, authorisation invalid, order invalid',
    pebble: 'challenge invalid unauthorized, authorisation invalid, order invalid',
    why: response,
  },
  'no key authorization': {
    ours: 'challenge invalid incorrectResponse, authorisation invalid, order invalid',
    pebble: 'challenge invalid unauthorized, authorisation invalid, order invalid',
    why: response,
  },
  'a finalisation': {
    ours: '200 valid, order valid',
    pebble: '200 processing, order valid',
    why: 'certificate and order are one transaction, so there is nothing to wait for (decision 39)',
  },
  'a finalisation that comes a second time': {
    ours: '200 valid, order valid',
    pebble: '403 orderNotReady, order valid',
    why: 'RFC 8555, 7.4, would have an error; the same request by the same key finds its certificate, since answers are lost (decision 278)',
  },
  'a request for a certificate that is none': {
    ours: '400 badCSR, order ready',
    pebble: '400 malformed, order ready',
    why: 'RFC 8555, 6.7: an unacceptable CSR is badCSR',
  },
  'a request for another name': {
    ours: '400 badCSR, order ready',
    pebble: '403 unauthorized, order ready',
    why: 'RFC 8555, 7.4: a CSR whose names are not those of the order is badCSR',
  },
};
