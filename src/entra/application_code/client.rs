//! Who an application is, and how it proves that.

use super::{LIST, Said};

pub(super) const NO_APPLICATION: Said = Said {
    number: 700_016,
    error: "unauthorized_client",
    title: "No such application",
    sentence: "Application was not found in the directory.",
    mend: "Use the appId of an application that the tenant has registered.",
    evidence: LIST,
};

pub(super) const PUBLIC_CLIENT: Said = Said {
    number: 700_025,
    error: "invalid_client",
    title: "A secret from an application that cannot keep one",
    sentence: "Client is public so neither 'client_assertion' nor 'client_secret' should \
                   be presented.",
    mend: "Leave the secret out, or register the redirect URI for the platform web.",
    evidence: LIST,
};

pub(super) const WRONG_SECRET: Said = Said {
    number: 7_000_215,
    error: "invalid_client",
    title: "The secret is wrong",
    sentence: "Invalid client secret provided. Ensure the secret being sent in the \
                   request is the client secret value, not the client secret ID.",
    mend: "Send one of the application's secrets.",
    evidence: LIST,
};

pub(super) const NO_SECRET: Said = Said {
    number: 7_000_218,
    error: "invalid_client",
    title: "The secret is missing",
    sentence: "The request body must contain the following parameter: \
                   'client_assertion' or 'client_secret'.",
    mend: "Send the secret, or register the redirect URI for the platform publicClient. \
               Assertions of clients are not simulated.",
    evidence: LIST,
};

pub(super) const MALFORMED_ASSERTION: Said = Said {
    number: 50027,
    error: "invalid_client",
    title: "The client assertion is malformed",
    sentence: "Invalid JWT token: the token format isn't proper.",
    mend: "Send a JSON Web Token of three parts with alg, and x5t or x5t#S256, in its \
        header, and client_assertion_type \
        urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    evidence: "Microsoft: \"InvalidJwtToken\". The error that OAuth 2.0 gets is our choice.",
};

pub(super) const ASSERTION_OF_ANOTHER: Said = Said {
    number: 700_021,
    error: "invalid_client",
    title: "The client assertion names another application",
    sentence: "Client assertion application identifier doesn't match 'client_id' parameter.",
    mend: "Write the client_id into iss and sub.",
    evidence: "Reported by developers.",
};

pub(super) const ASSERTION_AUDIENCE: Said = Said {
    number: 700_023,
    error: "invalid_client",
    title: "The client assertion is for somebody else",
    sentence: "Client assertion audience claim does not match Realm issuer.",
    mend: "Write the address of the token endpoint into aud.",
    evidence: "Reported by developers.",
};

pub(super) const ASSERTION_TIME: Said = Said {
    number: 700_024,
    error: "invalid_client",
    title: "The client assertion does not hold now",
    sentence: "Client assertion is not within its valid time range.",
    mend: "Make a new one for each request, and look at the clock.",
    evidence: "Reported by developers.",
};

pub(super) const ASSERTION_SIGNATURE: Said = Said {
    number: 700_027,
    error: "invalid_client",
    title: "The client assertion's signature does not hold",
    sentence: "Client assertion failed signature validation.",
    mend: "Sign with the key of a certificate that is registered (keyCredentials) and \
        valid now.",
    evidence: LIST,
};
