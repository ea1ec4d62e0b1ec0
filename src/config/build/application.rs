//! `[[application]]`.

use toml::Spanned;

use crate::trust::{Access, Application, ApplicationId, Hint};

use super::{
    super::{ConfigError, error::Source, file},
    claims::Names,
    https_url,
};

pub(super) fn build(
    applications: &[file::Application],
    names: Names<'_>,
) -> Result<Vec<Application>, ConfigError> {
    let mut built: Vec<Application> = Vec::with_capacity(applications.len());
    for written in applications {
        let mut application = one(written, names)?;
        if let Some(written) = &written.id {
            let id = id(written, names.source)?;
            if let Some(other) = built.iter().find(|it| it.id.as_ref() == Some(&id)) {
                let message = format!("{:?} has this id already", other.name);
                return Err(names.source.invalid(written.span(), message));
            }
            application.id = Some(id);
        }
        built.push(application);
    }
    Ok(built)
}

fn id(written: &Spanned<String>, source: Source<'_>) -> Result<ApplicationId, ConfigError> {
    ApplicationId::parse(written.as_ref()).ok_or_else(|| {
        let message = "an id is of the letters a to z, digits and -, at most 64 of them";
        source.invalid(written.span(), message)
    })
}

fn one(application: &file::Application, names: Names<'_>) -> Result<Application, ConfigError> {
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
