use hyper::{Method, StatusCode};
use time::OffsetDateTime;

use super::{
    Version,
    request::{Authorization, Back, Prompt, Rejected},
};
use crate::{
    entra::{
        ApplicationCode, Arrival, DomainHint, Simulator, WrittenBy, begin,
        pages::PageError,
        web::{Context, domain_hint},
    },
    http::{Form, Request, Response},
};

impl Simulator {
    /// The authorization endpoint: an application sends a browser.
    pub(in crate::entra) fn authorize(
        &self,
        tenant: &str,
        version: Version,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let form = if request.method == Method::POST {
            request.form()
        } else {
            request.query()
        };
        let read = form.map_err(Rejected::from).and_then(|form| {
            let authorization = self.read_authorization(&form, tenant, version)?;
            Ok((form, authorization))
        });
        match read {
            Ok((form, authorization)) => {
                let person = match authorization.prompt {
                    Prompt::AsNeeded | Prompt::Nothing => self.known(request, tenant, &form, now),
                    Prompt::Login | Prompt::SelectAccount => None,
                };
                match (authorization.back.clone(), person) {
                    (Back::To(reply), Some(person)) => {
                        self.send_back_code(authorization, &reply, person, now)
                    }
                    (Back::To(reply), None) if authorization.prompt == Prompt::Nothing => {
                        let nobody =
                            "With this browser nobody has signed in whom the request could mean.";
                        let refusal = ApplicationCode::SilentSignIn.refuse(nobody);
                        self.send_back_refused(&reply, &refusal, now)
                    }
                    _ => self.ask_who(tenant, &form, authorization, now),
                }
            }
            Err(Rejected::Here(refusal)) => {
                self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now))
            }
            Err(Rejected::There(reply, refusal)) => self.send_back_refused(&reply, &refusal, now),
        }
    }

    fn read_authorization(
        &self,
        form: &Form,
        tenant: &str,
        version: Version,
    ) -> Result<Authorization, Rejected> {
        let tenants = self.tenants();
        let address = begin::address(&tenants, tenant)?;
        Authorization::read(form, &tenants, address, version)
    }

    /// From here the browser goes everybody's way.
    fn ask_who(
        &self,
        tenant: &str,
        form: &Form,
        authorization: Authorization,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let application = authorization.client.to_string();
        let prompt = authorization.prompt;
        let context = Context(self.provider.waiting.hold(authorization, now));
        let hints = form
            .single("login_hint")
            .and_then(|name| Ok((name, domain_hint(form)?)));
        // What is there twice hints at nothing.
        let (name, hint) = hints.unwrap_or_default();
        let hint = DomainHint {
            application: Some(&application),
            ..hint
        };
        let arrival = Arrival {
            address: tenant,
            // Who is to choose is asked for the name.
            name: name.filter(|name| !name.is_empty() && prompt != Prompt::SelectAccount),
            hint,
            written_by: WrittenBy::Server,
        };
        self.go_on(arrival, Some(&context), now)
    }

    /// The application that waits for a sign-in, for policies that are about it.
    pub(in crate::entra) fn waiting_application(
        &self,
        context: &Context,
        now: OffsetDateTime,
    ) -> Option<String> {
        let waiting = &self.provider.waiting;
        waiting
            .with(&context.0, now, |it| it.client.to_string())
            .ok()
    }

    /// Remembers whom the answer to a request to an identity provider is for.
    pub(in crate::entra) fn goes_with(
        &self,
        request_id: &str,
        context: &Context,
        now: OffsetDateTime,
    ) {
        let under_way = &self.provider.under_way;
        under_way.hold_as(request_id.to_owned(), context.0.clone(), now);
    }
}
