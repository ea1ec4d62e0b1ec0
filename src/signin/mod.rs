//! The journey of one sign-in, protocol-neutral.
