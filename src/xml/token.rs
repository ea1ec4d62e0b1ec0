//! quick-xml's tokenizer, reduced to the few kinds of token that a SAML message is made of.
//!
//! quick-xml is a fast tokenizer and no validator. What it lets pass is listed in the tests of
//! [`super::reader`]; here only its finding of where tokens begin and end is relied on, and that
//! end tags match start tags.

use quick_xml::{
    Error, Reader,
    errors::{IllFormedError, SyntaxError},
    events::Event,
};

use super::read_error::{ReadCause, ReadError};

/// A piece of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// What stands between `<?xml` and `?>`.
    Declaration(&'a str),
    /// What stands between `<` and `>` or `/>`.
    Start { tag: &'a str, empty: bool },
    /// An end tag, whose name is that of the start tag it closes.
    End,
    /// Character data without references.
    Text(&'a str),
    /// What stands between `&` and `;`.
    Reference(&'a str),
    /// What stands between `<!--` and `-->`.
    Comment(&'a str),
}

/// Cuts a document into tokens.
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// How much of the input stood before `text`: the length of a byte order mark.
    skipped: usize,
    reader: Reader<&'a [u8]>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, skipped: usize) -> Self {
        Self {
            text,
            skipped,
            reader: Reader::from_str(text),
        }
    }

    /// The next token with its offset in the input, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Token<'a>)>, ReadError> {
        let start = self.position();
        let refused = |cause| ReadError::new(self.skipped + start, cause);
        let event = self.reader.read_event();
        let end = self.position();
        let inner = |head: usize, tail: usize| {
            self.text
                .get(start + head..end.saturating_sub(tail))
                .ok_or(refused(ReadCause::Syntax))
        };
        let token = match event.map_err(|error| refused(cause(&error)))? {
            Event::Start(_) => Token::Start {
                tag: inner(1, 1)?,
                empty: false,
            },
            Event::Empty(_) => Token::Start {
                tag: inner(1, 2)?,
                empty: true,
            },
            Event::End(_) => Token::End,
            Event::Text(_) => Token::Text(inner(0, 0)?),
            Event::GeneralRef(_) => Token::Reference(inner(1, 1)?),
            Event::Decl(_) if start == 0 => Token::Declaration(inner(5, 2)?),
            Event::Decl(_) => return Err(refused(ReadCause::Declaration)),
            Event::DocType(_) => return Err(refused(ReadCause::Doctype)),
            Event::PI(_) => return Err(refused(ReadCause::ProcessingInstruction)),
            Event::Comment(_) => Token::Comment(inner(4, 3)?),
            Event::CData(_) => return Err(refused(ReadCause::CData)),
            Event::Eof => return Ok(None),
        };
        Ok(Some((self.skipped + start, token)))
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }
}

fn cause(error: &Error) -> ReadCause {
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype)
        | Error::IllFormed(IllFormedError::MissingDoctypeName) => ReadCause::Doctype,
        Error::Syntax(SyntaxError::UnclosedPI) => ReadCause::ProcessingInstruction,
        Error::Syntax(SyntaxError::UnclosedXmlDecl) => ReadCause::Declaration,
        Error::Syntax(SyntaxError::UnclosedComment) => ReadCause::Comment,
        Error::Syntax(SyntaxError::UnclosedCData) => ReadCause::CData,
        Error::IllFormed(IllFormedError::UnclosedReference) => ReadCause::Reference,
        Error::IllFormed(
            IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
        ) => ReadCause::EndTag,
        _ => ReadCause::Syntax,
    }
}
