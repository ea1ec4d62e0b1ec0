/// Why nobody is asserted. The person is told of the kind; the cause goes to the audit line, and holds
/// no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The upstream cannot be reached, or its metadata is not to be had: the same may be tried again.
    #[error("the upstream cannot be reached: {0}")]
    Unavailable(String),
    /// The upstream says that it signs nobody in: she gave up, or may not.
    #[error("the upstream refuses: {0}")]
    Refused(String),
    /// The answer does not belong to the question: another upstream's, another request's, nobody's.
    #[error("this answers another question: {0}")]
    NotAsked(String),
    /// The answer is not to be believed, or not to be read: signature, audience, time, form.
    #[error("the answer is not accepted: {0}")]
    Invalid(String),
    /// The proof is older than the question, though a new one was asked for.
    #[error("the proof is older than the question, and a new one was asked for")]
    NotFresh,
    /// The answer is good and has no address that can be used.
    #[error("the answer names no address: {0}")]
    NoAddress(String),
    /// The upstream may not speak for this address.
    #[error("the upstream does not speak for {0:?}")]
    ForeignAddress(String),
    /// It is our own side that fails: a key, the random generator.
    #[error("the request cannot be made: {0}")]
    Ours(String),
}
