//! `[[application]]`.

use crate::trust::{Access, Application, Hint};

use super::{
    super::{ConfigError, file},
    claims::Names,
    https_url,
};

pub(super) fn build(
    application: &file::Application,
    names: Names<'_>,
) -> Result<Application, ConfigError> {
    let name = application.name.as_ref();
    if name.trim().is_empty() {
        let span = application.name.span();
        return Err(names.source.invalid(span, "an application has a name"));
    }
    let link = application.link.as_ref();
    https_url(link, application.link.span(), names.source)?;
    let hints = match &application.hints {
        None => vec![Hint::Login, Hint::Domain],
        Some(hints) => hints.iter().map(|hint| build_hint(*hint)).collect(),
    };
    let access = match &application.access {
        None => Access::Everyone,
        Some(access) => names.access(access)?,
    };
    Application::new(name.clone(), link, hints, access).map_err(|error| {
        names
            .source
            .invalid(application.link.span(), error.to_string())
    })
}

fn build_hint(hint: file::Hint) -> Hint {
    match hint {
        file::Hint::Login => Hint::Login,
        file::Hint::Domain => Hint::Domain,
        file::Hint::HomeRealm => Hint::HomeRealm,
    }
}
