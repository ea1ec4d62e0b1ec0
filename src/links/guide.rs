//! A page for partners: where to begin, what to type, whom to ask. It is printed, or sent.

use askama::Template;

use super::Links;

/// What the page says.
#[derive(Template)]
#[template(path = "links/guide.html")]
pub struct Guide<'a> {
    /// The organisation that the applications are of.
    pub organisation: &'a str,
    /// An address as partners have, as an example of what to type.
    pub example: &'a str,
    /// Whom to write to.
    pub contact: Option<&'a str>,
    /// The host that the password is typed at, and at no other.
    pub host: &'a str,
    /// Where to begin.
    pub links: &'a Links,
}

impl Guide<'_> {
    /// The page.
    ///
    /// # Errors
    /// Where the template cannot be written.
    pub fn to_html(&self) -> Result<String, askama::Error> {
        self.render()
    }
}
