//! What is wrong with codes and tokens.

use super::{LIST, Said};

const GRANT: &str = "invalid_grant";

pub(super) const CODE_REDEEMED: Said = Said {
    number: 54005,
    error: GRANT,
    title: "The code was redeemed before",
    sentence: "OAuth2 Authorization code was already redeemed, please retry with a new \
                   valid code or use an existing refresh token.",
    mend: "Redeem each code once, and keep the refresh token.",
    evidence: LIST,
};

pub(super) const INVALID_GRANT: Said = Said {
    number: 70000,
    error: GRANT,
    title: "Not a grant of this application",
    sentence: "The provided grant is invalid or malformed.",
    mend: "Send the code or the refresh token as it came, from the application that it \
               was given to, to the tenant that gave it.",
    evidence: "Microsoft: \"InvalidGrant\". Using it for a code that belongs to another \
                   application is our choice.",
};

pub(super) const GRANT_EXPIRED: Said = Said {
    number: 70008,
    error: GRANT,
    title: "The grant is too old",
    sentence: "The provided authorization code or refresh token has expired due to \
                   inactivity. Send a new interactive authorization request for this user \
                   and resource.",
    mend: "Redeem a code within ten minutes; sign in again when a refresh token is old.",
    evidence: LIST,
};

pub(super) const AUTHORIZATION_PENDING: Said = Said {
    number: 70016,
    error: "authorization_pending",
    title: "Not signed in yet",
    sentence: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    mend: "Ask again after the interval.",
    evidence: LIST,
};

pub(super) const VERIFICATION_CODE: Said = Said {
    number: 70018,
    error: "bad_verification_code",
    title: "No device waits with this code",
    sentence: "Invalid verification code due to User typing in wrong user code for \
                   device code flow.",
    mend: "Type the code that the device shows, while it shows it.",
    evidence: LIST,
};

pub(super) const VERIFICATION_CODE_EXPIRED: Said = Said {
    number: 70019,
    error: "expired_token",
    title: "The device's code is too old",
    sentence: "Verification code expired. Have the user retry the sign-in.",
    mend: "Begin again, and sign in within 15 minutes.",
    evidence: LIST,
};

pub(super) const ANOTHER_REPLY_ADDRESS: Said = Said {
    number: 500_112,
    error: GRANT,
    title: "The code went to another address",
    sentence: "The reply address does not match the reply address provided when \
                   requesting Authorization code.",
    mend: "Send the redirect_uri of the authorization request with the code.",
    evidence: LIST,
};

pub(super) const CODE_VERIFIER: Said = Said {
    number: 501_481,
    error: GRANT,
    title: "The verifier is not the challenge's",
    sentence: "The Code_Verifier does not match the code_challenge supplied in the \
                   authorization request.",
    mend: "Send the code_verifier whose SHA-256, in base64url without padding, was the \
               code_challenge.",
    evidence: "Microsoft's list of error codes. Which code a missing verifier gets is \
                   told in two ways (50148 as well).",
};

pub(super) const MALFORMED: Said = Said {
    number: 9_002_313,
    error: GRANT,
    title: "Not a code that was given here",
    sentence: "Invalid request. Request is malformed or invalid.",
    mend: "Send the code or the refresh token as it came: unbroken, and to the simulator \
        that gave it; what it gave is forgotten when it ends.",
    evidence: "Microsoft lists the code; developers report it for codes and refresh tokens \
        that cannot be read.",
};

pub(super) const ANOTHER_TENANT: Said = Said {
    number: 700_005,
    error: GRANT,
    title: "Given by another tenant",
    sentence: "Provided Authorization Code is intended to use against other tenant, thus \
        rejected.",
    mend: "Redeem a code at the address of the tenant whose user has signed in, or at the \
        one that it was asked for at.",
    evidence: "Microsoft: \"InvalidGrantRedeemAgainstWrongTenant\". Using it for refresh \
        tokens, too, is our choice.",
};

pub(super) const NO_VERIFIER: Said = Said {
    number: 50148,
    error: GRANT,
    title: "The verifier is missing",
    sentence: "The code_verifier does not match the code_challenge supplied in the \
        authorization request for PKCE.",
    mend: "Send the code_verifier with the code.",
    evidence: "Reported by developers whose library sent none.",
};

pub(super) const REFRESH_TOKEN_EXPIRED: Said = Said {
    number: 700_082,
    error: GRANT,
    title: "The refresh token is too old",
    sentence: "The refresh token has expired due to inactivity.",
    mend: "Sign in again.",
    evidence: LIST,
};

pub(super) const SPA_TOKEN_EXPIRED: Said = Said {
    number: 700_084,
    error: GRANT,
    title: "The single-page application's day is over",
    sentence: "The refresh token was issued to a single page app (SPA), and therefore has a \
        fixed, limited lifetime of 1.00:00:00, which can't be extended.",
    mend: "Sign in again, with prompt=none first.",
    evidence: LIST,
};

pub(super) const DEVICE_CODE_EXPIRED: Said = Said {
    number: 70020,
    error: "expired_token",
    title: "The device code is too old",
    sentence: "The provided value for the input parameter 'device_code' is not valid. This \
        device code has expired.",
    mend: "Begin again, and sign in within 15 minutes.",
    evidence: "Reported by developers.",
};

pub(super) const SPA_WITHOUT_CHALLENGE: Said = Said {
    number: 9_002_325,
    error: "invalid_request",
    title: "A single-page application without a challenge",
    sentence: "Proof Key for Code Exchange is required for cross-origin authorization code \
        redemption.",
    mend: "Send a code_challenge with the authorization request.",
    evidence: "Reported by developers.",
};

pub(super) const CROSS_ORIGIN: Said = Said {
    number: 9_002_326,
    error: "invalid_request",
    title: "A browser redeems what is not a single-page application's",
    sentence: "Cross-origin token redemption is permitted only for the 'Single-Page \
        Application' client-type.",
    mend: "Register the redirect URI for the platform spa, or redeem the code on the \
        server.",
    evidence: "Reported by developers.",
};

pub(super) const NOT_CROSS_ORIGIN: Said = Said {
    number: 9_002_327,
    error: "invalid_request",
    title: "A single-page application's code, redeemed by no browser",
    sentence: "Tokens issued for the 'Single-Page Application' client-type may only be \
        redeemed via cross-origin requests.",
    mend: "Redeem the code in the page, or register the redirect URI for the platform web \
        or publicClient.",
    evidence: "Reported by developers.",
};
