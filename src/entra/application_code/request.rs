//! What an authorization endpoint finds wrong.

use super::{LIST, Said};

pub(super) const REPLY_ADDRESS: Said = Said {
    number: 50011,
    error: "invalid_request",
    title: "The redirect URI is not registered",
    sentence: "The redirect URI specified in the request does not match the redirect \
                   URIs configured for the application.",
    mend: "Register the redirect_uri with the application, character for character; \
               only the port of http://localhost is free.",
    evidence: LIST,
};

pub(super) const SILENT_SIGN_IN: Said = Said {
    number: 50058,
    error: "login_required",
    title: "Nobody is signed in",
    sentence: "A silent sign-in request was sent but no user is signed in.",
    mend: "Ask again without prompt=none.",
    evidence: LIST,
};

pub(super) const RESPONSE_TYPE: Said = Said {
    number: 70005,
    error: "unsupported_response_type",
    title: "Not an answer that is given here",
    sentence: "The app returned an unsupported response type.",
    mend: "Ask with response_type=code; the implicit and hybrid flows are not simulated.",
    evidence: LIST,
};

pub(super) const SCOPE_OF_APPLICATION: Said = Said {
    number: 1_002_012,
    error: "invalid_scope",
    title: "Not a scope that an application asks for itself",
    sentence: "The provided value for scope is not valid. Client credential flows must have a scope \
               value with /.default suffixed to the resource identifier (application ID URI).",
    mend: "Ask for https://graph.microsoft.com/.default.",
    evidence: "Practitioners.",
};

pub(super) const INVALID_SCOPE: Said = Said {
    number: 70011,
    error: "invalid_scope",
    title: "Permissions that do not go together",
    sentence: "The provided value for the input parameter 'scope' is not valid.",
    mend: "Ask for the permissions of one resource at a time.",
    evidence: LIST,
};

pub(super) const INVALID_REQUEST: Said = Said {
    number: 90023,
    error: "invalid_request",
    title: "The request is not valid",
    sentence: "The authentication service request isn't valid.",
    mend: "Look at what the application sends: its library builds it right.",
    evidence: "Microsoft: \"InvalidRequest\". For a value of prompt it was seen to say \
        \"Unsupported 'prompt' value\"; for two credentials at once it is our choice.",
};

pub(super) const MISSING_PARAMETER: Said = Said {
    number: 900_144,
    error: "invalid_request",
    title: "A parameter is missing",
    sentence: "The request body must contain the following parameter.",
    mend: "Send the parameter; the detail names it.",
    evidence: LIST,
};

pub(super) const REPEATED_PARAMETER: Said = Said {
    number: 9_000_411,
    error: "invalid_request",
    title: "A parameter is there twice",
    sentence: "The request is not properly formatted. A parameter is duplicated.",
    mend: "Send each parameter once.",
    evidence: "Reported by developers.",
};

pub(super) const RESPONSE_MODE: Said = Said {
    number: 70007,
    error: "invalid_request",
    title: "Not a way back that is known",
    sentence: "The app returned an unsupported value of 'response_mode' when requesting a \
        token.",
    mend: "Ask with query, fragment, or form_post to a web address.",
    evidence: LIST,
};

pub(super) const NO_CHALLENGE: Said = Said {
    number: 50147,
    error: "invalid_request",
    title: "The challenge is missing",
    sentence: "The code challenge parameter isn't there, or its size isn't valid.",
    mend: "Send the code_challenge with its code_challenge_method.",
    evidence: LIST,
};

pub(super) const CHALLENGE_METHOD: Said = Said {
    number: 50149,
    error: "invalid_request",
    title: "Not a kind of challenge that is known",
    sentence: "Invalid Code_Challenge_method parameter.",
    mend: "Send code_challenge_method=S256.",
    evidence: LIST,
};

pub(super) const CHALLENGE_SIZE: Said = Said {
    number: 501_491,
    error: "invalid_request",
    title: "The challenge is malformed",
    sentence: "Invalid size of Code_Challenge parameter.",
    mend: "Send the verifier's SHA-256 in base64url without padding: 43 characters.",
    evidence: LIST,
};

pub(super) const UNKNOWN_INSTANCE: Said = Said {
    number: 50049,
    error: "invalid_instance",
    title: "Another's authority",
    sentence: "Unknown or invalid instance.",
    mend: "Ask about an authority at the simulator's own address.",
    evidence: LIST,
};
