//! SAML 2.0 messages: parse what comes in, build what goes out, metadata.
