//! The other side: a strict simulator of Entra's federated sign-in.
