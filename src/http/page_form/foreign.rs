//! Pages that somebody else wrote: the form that a person would fill in to sign in, and what a browser
//! would send or open by itself.
//!
//! Such a page is read by HTML's own rules and by what its fields are for, not by their names: identity
//! providers agree on `type="password"` and on little else.

use super::{PageForm, PageFormError, Tag, Tags};

/// A page of somebody else's.
#[derive(Debug)]
pub struct ForeignPage {
    forms: Vec<Form>,
    refresh: Option<String>,
    has_noscript: bool,
}

/// What the fields of a sign-in page are called, where that cannot be told from the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFields {
    /// The field for the name.
    pub name: Option<String>,
    /// The field for the password.
    pub password: Option<String>,
}

/// A form for a name, a password, or both.
#[derive(Debug)]
pub struct SignInForm {
    form: PageForm,
    name: Option<String>,
    password: Option<String>,
}

#[derive(Debug)]
struct Form {
    action: String,
    method: String,
    fields: Vec<Field>,
    /// What the button says with which the form is sent: the first one, as with the return key.
    button: Option<(String, String)>,
    has_button: bool,
}

struct Field {
    name: String,
    value: String,
    kind: String,
    /// Nobody can type into it.
    is_fixed: bool,
    autocomplete: String,
}

impl ForeignPage {
    /// Reads a page.
    ///
    /// # Errors
    /// When it ends within a tag, a comment or a script.
    pub fn read(html: &str) -> Result<Self, PageFormError> {
        let mut page = Self {
            forms: Vec::new(),
            refresh: None,
            has_noscript: false,
        };
        let mut tags = Tags::lenient(html);
        let mut is_open = false;
        let mut select: Option<usize> = None;
        while let Some(tag) = tags.next()? {
            match tag.name.as_str() {
                "noscript" => page.has_noscript = true,
                "meta" => page.refresh = page.refresh.or_else(|| refresh(&tag)),
                "form" if !is_open => {
                    is_open = true;
                    page.forms.push(Form::begun(&tag));
                }
                "/form" => is_open = false,
                "/select" => select = None,
                _ => {
                    let form = page.forms.last_mut().filter(|_| is_open);
                    if let Some(form) = form {
                        form.take(&tag, &mut select);
                    }
                }
            }
        }
        Ok(page)
    }

    /// The first form that has a field of this name.
    pub fn form_with(&self, field: &str) -> Option<PageForm> {
        let has_it = |form: &&Form| form.fields.iter().any(|it| it.name == field);
        self.forms.iter().find(has_it).map(Form::filled_by_nobody)
    }

    /// What somebody would fill in to sign in: the first form with one password, or else the first one for
    /// a name alone, after which the password is asked for on another page.
    pub fn sign_in(&self, own: &OwnFields) -> Option<SignInForm> {
        let with_password = self.forms.iter().find_map(|form| form.with_password(own));
        with_password.or_else(|| self.forms.iter().find_map(|form| form.with_name(own)))
    }

    /// The form that a script would send at once, on a page that has nothing to fill in and cares for
    /// browsers without scripts.
    pub fn sent_by_script(&self) -> Option<PageForm> {
        let [form] = self.forms.as_slice() else {
            return None;
        };
        let has_nothing_to_fill_in = form.fields.iter().all(|field| field.kind == "hidden");
        (self.has_noscript && has_nothing_to_fill_in && !form.fields.is_empty())
            .then(|| form.filled_by_nobody())
    }

    /// Where the page leads by itself, soon.
    pub fn refresh(&self) -> Option<&str> {
        self.refresh.as_deref()
    }
}

impl SignInForm {
    /// Whether the password is asked for, and not the name alone.
    pub fn asks_for_password(&self) -> bool {
        self.password.is_some()
    }

    /// The form as it is sent. A page that knows the name already has no field for it, and is not given
    /// one.
    pub fn filled(mut self, name: &str, password: &str) -> PageForm {
        for (field, value) in [(&self.name, name), (&self.password, password)] {
            if let Some(field) = field {
                // It was found in this form.
                let _ = self.form.fill(field, value);
            }
        }
        self.form
    }
}

impl Form {
    fn begun(tag: &Tag) -> Self {
        Self {
            action: tag.attribute("action").unwrap_or("").trim().to_owned(),
            method: tag
                .attribute("method")
                .unwrap_or("get")
                .to_ascii_lowercase(),
            fields: Vec::new(),
            button: None,
            has_button: false,
        }
    }

    /// Takes a tag for what it means within a form. `select` is the list that is open.
    fn take(&mut self, tag: &Tag, select: &mut Option<usize>) {
        let kind = tag.attribute("type").map(str::to_ascii_lowercase);
        let value = tag.attribute("value").unwrap_or("");
        let name = tag.attribute("name").filter(|name| !name.is_empty());
        let is_disabled = tag.attribute("disabled").is_some();
        match (tag.name.as_str(), kind.as_deref()) {
            _ if is_disabled => {}
            ("input", Some("submit" | "image")) | ("button", None | Some("submit")) => {
                let is_first = !std::mem::replace(&mut self.has_button, true);
                if let Some(name) = name.filter(|_| is_first) {
                    self.button = Some((name.to_owned(), value.to_owned()));
                }
            }
            ("input", Some("button" | "reset" | "file")) => {}
            ("input", Some("checkbox" | "radio")) if tag.attribute("checked").is_none() => {}
            ("input", kind) => {
                if let Some(name) = name {
                    self.fields.push(Field {
                        name: name.to_owned(),
                        value: match kind {
                            Some("checkbox" | "radio") if tag.attribute("value").is_none() => "on",
                            _ => value,
                        }
                        .to_owned(),
                        kind: kind.unwrap_or("text").to_owned(),
                        is_fixed: tag.attribute("readonly").is_some(),
                        autocomplete: tag
                            .attribute("autocomplete")
                            .unwrap_or("")
                            .to_ascii_lowercase(),
                    });
                }
            }
            ("select", _) => {
                *select = name.map(|_| self.fields.len());
                self.fields.extend(name.map(Field::list));
            }
            ("option", _) => {
                let chosen = tag.attribute("selected").is_some();
                let list = select.and_then(|at| self.fields.get_mut(at));
                // The first one holds, where none is chosen.
                if let Some(list) = list.filter(|list| chosen || list.value.is_empty()) {
                    value.clone_into(&mut list.value);
                }
            }
            _ => {}
        }
    }

    fn filled_by_nobody(&self) -> PageForm {
        let fields = self.fields.iter();
        PageForm {
            action: self.action.clone(),
            method: self.method.clone(),
            fields: fields
                .map(|field| (field.name.clone(), field.value.clone()))
                .chain(self.button.clone())
                .collect(),
        }
    }

    /// As a form to sign in by: with two passwords it would be one to change them, or to register.
    fn with_password(&self, own: &OwnFields) -> Option<SignInForm> {
        let mut passwords = self.fields.iter().enumerate().filter(|(_, field)| {
            let named = own.password.as_ref();
            named.map_or(field.kind == "password", |own| *own == field.name)
        });
        let ((at, password), None) = (passwords.next()?, passwords.next()) else {
            return None;
        };
        let before = self.fields.get(..at).unwrap_or_default();
        let name = match &own.name {
            Some(own) => self.fields.iter().find(|field| field.name == *own),
            None => self
                .fields
                .iter()
                .find(|field| field.is_for_text() && field.is_said_to_be_name())
                .or_else(|| before.iter().rev().find(|field| field.is_for_text())),
        };
        Some(SignInForm {
            form: self.filled_by_nobody(),
            name: name.map(|field| field.name.clone()),
            password: Some(password.name.clone()),
        })
    }

    /// As a form for the name alone.
    fn with_name(&self, own: &OwnFields) -> Option<SignInForm> {
        let name = self.fields.iter().find(|field| match &own.name {
            Some(own) => field.name == *own,
            None => field.is_for_text() && field.is_said_to_be_name(),
        });
        let has_password = self.fields.iter().any(|field| field.kind == "password");
        name.filter(|_| !has_password).map(|name| SignInForm {
            form: self.filled_by_nobody(),
            name: Some(name.name.clone()),
            password: None,
        })
    }
}

impl Field {
    fn list(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: String::new(),
            kind: "select".to_owned(),
            is_fixed: true,
            autocomplete: String::new(),
        }
    }

    /// Whether somebody types a line into it.
    fn is_for_text(&self) -> bool {
        const OTHERS: [&str; 6] = [
            "hidden", "password", "checkbox", "radio", "select", "search",
        ];
        !self.is_fixed && !OTHERS.contains(&self.kind.as_str())
    }

    /// Whether the page says, to people or to password managers, that it is for a name.
    fn is_said_to_be_name(&self) -> bool {
        const NAMES: [&str; 5] = ["username", "j_username", "loginfmt", "identifier", "email"];
        self.kind == "email"
            || self
                .autocomplete
                .split_ascii_whitespace()
                .any(|token| matches!(token, "username" | "email"))
            || NAMES
                .iter()
                .any(|name| self.name.eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Debug for Field {
    /// Without the value, which may be a signed assertion.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Where a page leads by itself; not one that only looks again after a long while.
fn refresh(tag: &Tag) -> Option<String> {
    const SOON: f32 = 10.0;
    tag.attribute("http-equiv")
        .filter(|it| it.eq_ignore_ascii_case("refresh"))?;
    let (seconds, url) = tag.attribute("content")?.split_once([';', ','])?;
    seconds.trim().parse().ok().filter(|it: &f32| *it < SOON)?;
    let (key, url) = url.split_once('=')?;
    let url = url.trim().trim_matches(['"', '\'']);
    (key.trim().eq_ignore_ascii_case("url") && !url.is_empty()).then(|| url.to_owned())
}

#[cfg(test)]
mod tests;
