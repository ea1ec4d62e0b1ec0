//! Why documents are refused.

#[cfg(doc)]
use super::Limits;

/// A document was refused.
///
/// It says where and why, and quotes nothing: the document may be somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("XML refused at byte {offset}: {cause}")]
pub struct ReadError {
    offset: usize,
    cause: ReadCause,
}

impl ReadError {
    pub(super) fn new(offset: usize, cause: ReadCause) -> Self {
        Self { offset, cause }
    }

    /// Where in the input, in bytes from its start.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What was wrong there.
    pub fn cause(&self) -> ReadCause {
        self.cause
    }
}

/// Why a document was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadCause {
    /// Longer than [`Limits::bytes`].
    #[error("the document is too long")]
    TooLong,
    /// Deeper than [`Limits::depth`].
    #[error("elements are nested too deeply")]
    TooDeep,
    /// More attributes on one element than [`Limits::attributes`].
    #[error("an element has too many attributes")]
    TooManyAttributes,
    /// More elements than [`Limits::elements`].
    #[error("there are too many elements")]
    TooManyElements,
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A character outside XML 1.0, production 2.
    #[error("a character that XML does not permit")]
    Character,
    /// An XML declaration elsewhere than at the start, or one that says something else than
    /// version 1.0 and UTF-8.
    #[error("the XML declaration is not one of XML 1.0 in UTF-8")]
    Declaration,
    /// A document type declaration.
    #[error("a document type declaration is not permitted")]
    Doctype,
    /// A processing instruction.
    #[error("a processing instruction is not permitted")]
    ProcessingInstruction,
    /// A comment where none may stand. They split text in two, which readers have disagreed about.
    #[error("a comment is not permitted")]
    Comment,
    /// A CDATA section. No SAML peer needs one.
    #[error("a CDATA section is not permitted")]
    CData,
    /// A reference to something else than the five entities or a permitted character.
    #[error("a reference to an unknown entity or character")]
    Reference,
    /// `]]>` in character data.
    #[error("the sequence ]]> stands in text")]
    CDataEnd,
    /// Not a name (XML 1.0) or not a qualified name (Namespaces in XML).
    #[error("a name is malformed")]
    Name,
    /// A start tag that is malformed otherwise.
    #[error("a tag is malformed")]
    Tag,
    /// An end tag that does not match the start tag.
    #[error("an end tag does not match")]
    EndTag,
    /// Markup that is cut off or unknown.
    #[error("markup is cut off or unknown")]
    Syntax,
    /// Two attributes of the same name, as written or once their prefixes are resolved.
    #[error("an attribute is repeated")]
    DuplicateAttribute,
    /// A prefix that nothing declares.
    #[error("a prefix is not declared")]
    UndeclaredPrefix,
    /// A declaration of `xml` or `xmlns`, or of the namespaces that belong to them.
    #[error("a reserved prefix or namespace is declared")]
    ReservedNamespace,
    /// `xmlns:p=""`, or a namespace that is not an absolute URI.
    #[error("a namespace is not an absolute URI")]
    NamespaceUri,
    /// The same identifier on two elements, or twice on one.
    #[error("an identifier occurs twice")]
    DuplicateId,
    /// Text or a second element beside the root element.
    #[error("something follows or precedes the root element")]
    OutsideRoot,
    /// No root element, or one that is not closed.
    #[error("the document is not complete")]
    Incomplete,
}
