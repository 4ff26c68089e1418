/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every maximum of the house, in one place, so that denial of service is a list one can review.
 */
#ifndef CG_BASE_LIMITS_H
#define CG_BASE_LIMITS_H

/* Requests to the issuer */
#define CG_LIMIT_FORM_BYTES 8192          /* body of a form */
#define CG_LIMIT_FORM_PARAMS 32           /* parameters of a form */
#define CG_LIMIT_AUTHORIZATION_BYTES 8192 /* value of an Authorization header */
#define CG_LIMIT_EXCHANGE_BYTES 131072    /* arena of one exchange */
#define CG_LIMIT_BATCH_EXCHANGES 32       /* exchanges answered by one commit */
#define CG_LIMIT_CLIENT_ID_BYTES 64
#define CG_LIMIT_SECRET_BYTES 128    /* a presented client secret; longer ones are wrong */
#define CG_LIMIT_SCOPE_BYTES 4096    /* a scope parameter */
#define CG_LIMIT_SMART_CONSTRAINTS 8 /* of the query of one SMART scope */
#define CG_LIMIT_RESOURCES 8         /* resource parameters of one request */
#define CG_LIMIT_DETAILS 32          /* objects of authorization_details, asked for or granted */
#define CG_LIMIT_DETAILS_VALUES 32   /* values of one list in it; scopes as in a token */
#define CG_LIMIT_DETAILS_BYTES 4096  /* an authorization_details parameter */

/* Failed authentications, see oauth/lockout.h */
#define CG_LIMIT_PAIR_FAILURES 50       /* of a client at an address before it has to wait */
#define CG_LIMIT_PAIR_DELAY_S 300       /* and so long at most */
#define CG_LIMIT_PAIR_FORGET_S 900      /* after its delay without a failure */
#define CG_LIMIT_ADDRESS_FAILURES 500   /* at an address, all clients, at once */
#define CG_LIMIT_ADDRESS_PER_MIN 60     /* and afterwards */
#define CG_LIMIT_CLIENT_FAILURES 500    /* at a client, all addresses it is new at, at once */
#define CG_LIMIT_CLIENT_PER_MIN 60      /* and afterwards */
#define CG_LIMIT_KNOWN_ADDRESS_S 604800 /* so long an address is known for a client */

/* Tokens and keys */
#define CG_LIMIT_TOKEN_BYTES 4096      /* a compact JWS that we issue or accept */
#define CG_LIMIT_TOKEN_APIS 32         /* APIs that one token names */
#define CG_LIMIT_TOKEN_ACTORS 4        /* a chain of who acts for whom */
#define CG_LIMIT_TOKEN_SCOPES 128      /* scope tokens in one token */
#define CG_LIMIT_SUBJECT_BYTES 255     /* sub of another issuer's token (OpenID Connect Core §2) */
#define CG_LIMIT_LEVEL_BYTES 128       /* its acr or vot */
#define CG_LIMIT_ID_TOKEN_LIFE_S 86400 /* exp of an ID token lies at most this far ahead */
#define CG_LIMIT_JSON_BYTES 4194304    /* a JSON text, unless its reader asks for less */
#define CG_LIMIT_JSON_DEPTH 16         /* nesting of a JSON text */
#define CG_LIMIT_JWKS_KEYS 64          /* keys of one set */
#define CG_LIMIT_RSA_BITS_MIN 2048
#define CG_LIMIT_RSA_BITS_MAX 4096
#define CG_LIMIT_SIGNATURE_BYTES 512
#define CG_LIMIT_KID_BYTES 64
#define CG_LIMIT_JTI_BYTES 256 /* jti of an assertion */
#define CG_LIMIT_KEY_REFERENCE_BYTES 512

/* Clients' certificates */
#define CG_LIMIT_CERTIFICATE_BYTES 8192      /* DER */
#define CG_LIMIT_CERTIFICATE_PEM_BYTES 12288 /* with its armour */
#define CG_LIMIT_CERTIFICATE_HEADER_BYTES 16384
#define CG_LIMIT_CERTIFICATE_NAMES 128 /* subject alternative names */
#define CG_LIMIT_NAME_PARTS 8          /* attributes of one relative distinguished name */

/* Proofs of possession (RFC 9449) */
#define CG_LIMIT_PROOF_AGE_S 60    /* older by iat, it is refused */
#define CG_LIMIT_PROOF_FUTURE_S 15 /* 10 s of a wrong clock, and what rounding adds */
#define CG_LIMIT_PROOF_ID_BYTES 128
#define CG_LIMIT_PROOF_KEYS 1024 /* keys of proofs remembered by a gate or a slot */

/* Registry */
#define CG_LIMIT_NAME_BYTES 64   /* name of an API, ODS code, verb of a person */
#define CG_LIMIT_TEXT_BYTES 1024 /* free text */
#define CG_LIMIT_URI_BYTES 1024
#define CG_LIMIT_REALM_PATH_BYTES 128
#define CG_LIMIT_CLIENT_SECRETS 16           /* secrets valid at once, unopened links among them */
#define CG_LIMIT_CLIENT_KEYS 16              /* keys, certificates and names in force at once */
#define CG_LIMIT_SOON_S 2592000              /* what ends within 30 days is told beforehand */
#define CG_LIMIT_CLIENT_KEY_BYTES 8192       /* a client's key set, certificate or name */
#define CG_LIMIT_CLIENT_AGREEMENTS 64        /* agreements of one client */
#define CG_LIMIT_API_INTROSPECTORS 32        /* clients that may introspect one API's tokens */
#define CG_LIMIT_REALM_UPSTREAMS 32          /* identity providers of a realm in force */
#define CG_LIMIT_UPSTREAM_NAME_BYTES 32      /* it begins the subject of each of its people */
#define CG_LIMIT_UPSTREAM_ID_BYTES 255       /* id of a client at an identity provider */
#define CG_LIMIT_CLIENT_UPSTREAM_IDS 8       /* such ids of one client at one of them */
#define CG_LIMIT_CLIENT_REVOCATIONS 1000     /* tokens that a client revoked and that live yet */
#define CG_LIMIT_TOKEN_LIFE_WARN_S 3600      /* above, tools warn */
#define CG_LIMIT_TOKEN_LIFE_MAX_S 86400      /* above, tools refuse */
#define CG_LIMIT_REGISTRY_LOAD_BYTES 262144  /* arena of one loaded client */
#define CG_LIMIT_CLIENT_CACHE 16384          /* clients remembered by one slot */
#define CG_LIMIT_CLIENT_CACHE_BYTES 16777216 /* and what they may weigh together */

#define CG_LIMIT_REGISTRY_WAIT_MS 1000 /* of the issuer, for another writer; of one batch */

/* Documents of others: key sets of clients, by address */
#define CG_LIMIT_REMOTE_DOCUMENTS 512 /* remembered by one worker */
#define CG_LIMIT_REMOTE_BYTES 32768
#define CG_LIMIT_REMOTE_MS 5000       /* of one fetch, all told */
#define CG_LIMIT_REMOTE_DEFAULT_S 300 /* kept, where Cache-Control says nothing */
#define CG_LIMIT_REMOTE_LEAST_S 60    /* and within these bounds, where it does */
#define CG_LIMIT_REMOTE_MOST_S 86400
#define CG_LIMIT_REMOTE_STALE_S 3600 /* used beyond that, while its host is away */
#define CG_LIMIT_REMOTE_RETRY_S 10   /* after a failure its host is left in peace so long */
#define CG_LIMIT_REMOTE_DOUBT_S 60   /* and nobody waits for it who has what is too old */
#define CG_LIMIT_REMOTE_FORCE_S 60   /* an unknown kid has a set fetched anew at most so often */

/* API servers that check tokens themselves */
#define CG_LIMIT_SHELF_RINGS 64 /* prepared key rings that wait for the next check */

/* Gate */
#define CG_LIMIT_SNAPSHOT_BYTES 4194304 /* serialised snapshot */
#define CG_LIMIT_BUNDLE_BYTES 5600000   /* it signed, as gates elsewhere get it */
#define CG_LIMIT_CACHE_TOKENS 65536     /* verified tokens of one worker */
#define CG_LIMIT_REFUSALS_KEPT 1024     /* refusals waiting for the audit in one worker */
#define CG_LIMIT_BUNDLE_WAIT_S 60       /* so long a gate elsewhere waits for news at most */
#define CG_LIMIT_REPORT_BYTES 4096      /* a gate's report, before it is encoded */
#define CG_LIMIT_REPORT_REFUSALS 32
#define CG_LIMIT_REPORTS_PER_S 10     /* of one gate */
#define CG_LIMIT_REPORT_LATE_S 86400  /* what is told later counts as of then */
#define CG_LIMIT_REPORT_REFUSED_S 600 /* what is refused so long is given up */
#define CG_LIMIT_ROUTE_RULES 32
#define CG_LIMIT_ROUTE_SCOPES 32
#define CG_LIMIT_JSON_SCAN_DEPTH 64         /* nesting of a Bundle */
#define CG_LIMIT_JSON_SCAN_OBJECT_NAMES 256 /* names of one of its objects */
#define CG_LIMIT_JSON_SCAN_NAMES 2048       /* and of all that are open at once */
#define CG_LIMIT_FHIR_NEEDS 32              /* types that one FHIR request reaches */
#define CG_LIMIT_FHIR_OPERATIONS 32         /* caregate_operation of one location */

/* Calling systems, see caregate/client.h */
#define CG_LIMIT_PEM_BYTES 65536      /* a key, or a chain of certificates */
#define CG_LIMIT_CLIENT_PARAMETERS 16 /* of the form, beside those of its own */
#define CG_LIMIT_CLIENT_FORM_BYTES 524288
#define CG_LIMIT_CLIENT_ANSWER_BYTES 65536
#define CG_LIMIT_CLIENT_EXCHANGE_BYTES 2097152 /* arena of one request for a token */
#define CG_LIMIT_CLIENT_TIMEOUT_MS 600000
#define CG_LIMIT_CLIENT_EXPIRES_IN_S 31622400 /* 366 days: an expires_in above is no life */
#define CG_LIMIT_KEPT_CLAIM_S 3600            /* who asks for a token has so long at most */
#define CG_LIMIT_KEPT_DELAY_S 60              /* after failures, of our own accord */
#define CG_LIMIT_KEPT_RETRY_AFTER_S 600       /* after failures, when the server says so */
#define CG_LIMIT_KEPT_REJECT_S 30             /* so often a token is dropped for an API's 401 */

/* Audit */
#define CG_LIMIT_AUDIT_RECORD_BYTES 4096
#define CG_LIMIT_AUDIT_DETAIL_BYTES 704 /* two people's names and a token's */
#define CG_LIMIT_WRITER_BYTES 64
#define CG_LIMIT_SINGLE_USE_BYTES 8192         /* realm, owner and id of what may be used once */
#define CG_LIMIT_SPENDINGS 3                   /* such things in one request */
#define CG_LIMIT_AUDIT_WRITERS 1024            /* hash chains of one audit */
#define CG_LIMIT_CHECKPOINT_BYTES 524288       /* payload of one audit checkpoint */
#define CG_LIMIT_CHECKPOINT_LOAD_BYTES 4194304 /* arena that works on one checkpoint */
#define CG_LIMIT_REFUSALS_PER_WINDOW 10        /* individually recorded per address and reason */
#define CG_LIMIT_REFUSAL_WINDOW_S 60
#define CG_LIMIT_TALLY_PLACES 65536 /* (address, reason) pairs counted at once */

/* Command line */
#define CG_LIMIT_YAML_BYTES 16777216 /* a file of the registry: some 50 000 clients */
#define CG_LIMIT_YAML_DEPTH 16
#define CG_LIMIT_YAML_VALUES 1000000
#define CG_LIMIT_YAML_KEYS 64          /* of one map */
#define CG_LIMIT_DURATION_S 3153600000 /* 100 years: may be added to any date we accept */

#endif
