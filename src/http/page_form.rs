//! Reads a form out of a page, as a browser would see it.
//!
//! For those who walk through a sign-in without a browser: the demo, the doctor, the load
//! generator. It reads the plain HTML that Homerealm and the simulator write; what is beyond that
//! is an error, never a guess.

mod foreign;

use std::fmt;

pub use foreign::{ForeignPage, OwnFields, SignInForm};

/// A form of a page: where it goes and what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct PageForm {
    /// The `action`, decoded; "" when there is none, which means the page's own URL.
    pub action: String,
    /// "get" or "post", in lower case.
    pub method: String,
    /// Named inputs with their values, in their order, except for the kinds that a browser leaves
    /// out: buttons, and boxes without a tick.
    pub fields: Vec<(String, String)>,
}

/// Why no form could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageFormError {
    /// The page has no form or link, or none with this id.
    #[error("the page has no such form or link")]
    NotFound,
    /// The form has no field of this name.
    #[error("the form has no field {0:?}")]
    NoField(String),
    /// The page ends within a tag, a comment, a script or the form.
    #[error("the page ends within {0}")]
    CutOff(&'static str),
    /// A reference such as `&nbsp;` that a value has and this reader does not know.
    #[error("the character reference {0:?} is not known here")]
    Reference(String),
    /// An attribute comes twice in one tag.
    #[error("the attribute {0:?} comes twice in one tag")]
    RepeatedAttribute(String),
}

impl PageForm {
    /// The form with this id, or the first one.
    pub fn find(html: &str, id: Option<&str>) -> Result<Self, PageFormError> {
        let mut tags = Tags::strict(html);
        while let Some(tag) = tags.next()? {
            if tag.name != "form" || (id.is_some() && tag.attribute("id") != id) {
                continue;
            }
            return Self::read(&tag, &mut tags);
        }
        Err(PageFormError::NotFound)
    }

    fn read(tag: &Tag, tags: &mut Tags<'_>) -> Result<Self, PageFormError> {
        let method = tag.attribute("method").unwrap_or("get");
        Ok(Self {
            action: tag.attribute("action").unwrap_or("").to_owned(),
            method: method.to_ascii_lowercase(),
            fields: read_fields(tags)?,
        })
    }

    /// Fills a field in.
    ///
    /// # Errors
    /// When the form has no such field: a walk must not send what its page did not ask for.
    pub fn fill(&mut self, name: &str, value: &str) -> Result<(), PageFormError> {
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        match field {
            Some((_, old)) => {
                value.clone_into(old);
                Ok(())
            }
            None => Err(PageFormError::NoField(name.to_owned())),
        }
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find_map(|(field, value)| (field == name).then_some(value.as_str()))
    }
}

/// Where the link with this id leads, as it stands in the page.
///
/// # Errors
/// When the page has no such link, or is cut off before it.
pub fn page_link(html: &str, id: &str) -> Result<String, PageFormError> {
    let mut tags = Tags::strict(html);
    while let Some(tag) = tags.next()? {
        if tag.name == "a" && tag.attribute("id") == Some(id) {
            let href = tag.attribute("href").ok_or(PageFormError::NotFound)?;
            return Ok(href.to_owned());
        }
    }
    Err(PageFormError::NotFound)
}

impl fmt::Debug for PageForm {
    /// Names only: the values may hold a password or a signed assertion.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("PageForm")
            .field("action", &self.action)
            .field("method", &self.method)
            .field("fields", &names)
            .finish()
    }
}

fn read_fields(tags: &mut Tags<'_>) -> Result<Vec<(String, String)>, PageFormError> {
    let mut fields = Vec::new();
    while let Some(tag) = tags.next()? {
        match tag.name.as_str() {
            "/form" => return Ok(fields),
            "input" => {
                let kind = tag.attribute("type").unwrap_or("text").to_ascii_lowercase();
                let left_out = match kind.as_str() {
                    "submit" | "button" | "reset" | "image" | "file" => true,
                    "checkbox" | "radio" => tag.attribute("checked").is_none(),
                    _ => tag.attribute("disabled").is_some(),
                };
                if let Some(name) = tag.attribute("name").filter(|_| !left_out) {
                    let value = tag.attribute("value").unwrap_or("");
                    fields.push((name.to_owned(), value.to_owned()));
                }
            }
            _ => {}
        }
    }
    Err(PageFormError::CutOff("the form"))
}

struct Tag {
    /// In lower case; an end tag's begins with `/`.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

/// The tags of a page, without comments, the doctype, and what stands in scripts and styles.
struct Tags<'a> {
    rest: &'a str,
    /// Whether what no page of ours has is read as browsers read it, in place of an error.
    is_lenient: bool,
}

impl<'a> Tags<'a> {
    fn strict(html: &'a str) -> Self {
        Self {
            rest: html,
            is_lenient: false,
        }
    }

    /// HTML's own rules: the first of two attributes holds, and what is no reference is text.
    fn lenient(html: &'a str) -> Self {
        Self {
            rest: html,
            is_lenient: true,
        }
    }

    fn next(&mut self) -> Result<Option<Tag>, PageFormError> {
        loop {
            let Some((_, after)) = self.rest.split_once('<') else {
                return Ok(None);
            };
            self.rest = after;
            if let Some(comment) = after.strip_prefix("!--") {
                self.rest = behind(comment, "-->", "a comment")?;
                continue;
            }
            if after.starts_with('!') {
                self.rest = behind(after, ">", "a declaration")?;
                continue;
            }
            // "<" before anything else is text.
            if !after.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic()) {
                continue;
            }
            let tag = self.tag()?;
            if matches!(tag.name.as_str(), "script" | "style" | "textarea" | "title") {
                self.skip_to_end_of(&tag.name)?;
            }
            return Ok(Some(tag));
        }
    }

    fn tag(&mut self) -> Result<Tag, PageFormError> {
        let name = self.until(|c| c.is_ascii_whitespace() || c == '>');
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if self.rest.is_empty() {
                return Err(PageFormError::CutOff("a tag"));
            }
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                return Ok(Tag { name, attributes });
            }
            let key = self
                .until(|c| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))
                .to_ascii_lowercase();
            let value = self.value()?;
            if attributes.iter().any(|(other, _)| *other == key) {
                if self.is_lenient {
                    continue;
                }
                return Err(PageFormError::RepeatedAttribute(key));
            }
            attributes.push((key, value));
        }
    }

    /// The value behind an attribute's name, "" where there is none.
    fn value(&mut self) -> Result<String, PageFormError> {
        let Some(rest) = self.rest.trim_ascii_start().strip_prefix('=') else {
            return Ok(String::new());
        };
        self.rest = rest.trim_ascii_start();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let raw = match quote {
            Some(quote) => {
                let (value, rest) = self
                    .rest
                    .get(1..)
                    .and_then(|rest| rest.split_once(quote))
                    .ok_or(PageFormError::CutOff("a value"))?;
                self.rest = rest;
                value
            }
            None => self.until(|c| c.is_ascii_whitespace() || c == '>'),
        };
        decode_references(raw, self.is_lenient)
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let (before, after) = self.rest.split_at(at);
        self.rest = after;
        before
    }

    fn skip_to_end_of(&mut self, name: &str) -> Result<(), PageFormError> {
        let end = format!("</{name}");
        // ASCII lower case keeps every offset where it was.
        let at = self
            .rest
            .to_ascii_lowercase()
            .find(&end)
            .ok_or(PageFormError::CutOff("a script, style, text area or title"))?;
        self.rest = self.rest.get(at..).unwrap_or("");
        Ok(())
    }
}

fn behind<'a>(text: &'a str, end: &str, what: &'static str) -> Result<&'a str, PageFormError> {
    text.split_once(end)
        .map(|(_, rest)| rest)
        .ok_or(PageFormError::CutOff(what))
}

fn decode_references(raw: &str, is_lenient: bool) -> Result<String, PageFormError> {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let reference = after.split_once(';');
        match reference.and_then(|(name, behind)| Some((character(name)?, behind))) {
            Some((character, behind)) => {
                decoded.push(character);
                rest = behind;
            }
            None if is_lenient => {
                decoded.push('&');
                rest = after;
            }
            None => {
                let start: String = after.chars().take(12).collect();
                return Err(PageFormError::Reference(format!("&{start}")));
            }
        }
    }
    decoded.push_str(rest);
    Ok(decoded)
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests;
