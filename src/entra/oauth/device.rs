//! The way of applications without a browser (RFC 8628): they show a code, and somebody types it into
//! a browser elsewhere.

use std::mem;

use hyper::{Method, StatusCode};
use serde_json::json;
use time::OffsetDateTime;

use super::{
    Grant, Person, Provider, Version, application,
    request::{Authorization, Back, Prompt, missing, unreadable},
    scope::Scope,
    tickets::Absent,
};
use crate::{
    entra::{
        Address, Application, ApplicationCode, Arrival, DomainHint, ObjectId, Platform, Refusal,
        Simulator, WrittenBy,
        open_id::document,
        pages::{self, PageError},
        random,
        web::Context,
    },
    http::{Form, Request, Response},
};

/// A device that shows a code.
#[derive(Debug)]
pub(super) struct Device {
    client: ObjectId,
    name: String,
    platform: Platform,
    scope: Scope,
    /// The first segment of the address that it asked at.
    address: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    SignedIn(Person),
    Redeemed,
}

impl Device {
    fn authorization(&self, device_code: &str) -> Authorization {
        Authorization {
            version: Version::V2,
            client: self.client.clone(),
            platform: self.platform,
            scope: self.scope.clone(),
            nonce: None,
            challenge: None,
            back: Back::Device(device_code.to_owned()),
            prompt: Prompt::AsNeeded,
        }
    }

    /// Whether it is one of this application's.
    pub(super) fn is_of(&self, application: &Application) -> Result<(), Refusal> {
        if self.client == application.app_id {
            return Ok(());
        }
        let another = "The device_code was given to another application.";
        Err(ApplicationCode::InvalidGrant.refuse(another))
    }

    /// What a sign-in was for, once.
    pub(super) fn redeem(&mut self) -> Result<Grant, Refusal> {
        match mem::replace(&mut self.state, State::Redeemed) {
            State::SignedIn(person) => Ok(Grant {
                version: Version::V2,
                client: self.client.clone(),
                platform: self.platform,
                scope: self.scope.clone(),
                nonce: None,
                person,
                ends_at: None,
            }),
            State::Redeemed => {
                Err(ApplicationCode::InvalidGrant.refuse("The device_code was redeemed before."))
            }
            State::Waiting => {
                self.state = State::Waiting;
                let pending = "Nobody has signed in with the user code yet.";
                Err(ApplicationCode::AuthorizationPending.refuse(pending))
            }
        }
    }
}

impl Simulator {
    /// A device asks for a code (RFC 8628 3.1).
    pub(in crate::entra) fn device_code(
        &self,
        request: &Request,
        segment: &str,
        address: Address<'_>,
        now: OffsetDateTime,
    ) -> Response {
        let form = request.form().map_err(unreadable);
        match form.and_then(|form| self.device(&form, segment, address)) {
            Ok(device) => self.show_code(device, now),
            Err(refusal) => self.refuse_application(&refusal, now),
        }
    }

    fn device(&self, form: &Form, segment: &str, address: Address<'_>) -> Result<Device, Refusal> {
        let single = |name| form.single(name).map_err(unreadable);
        let client_id = single("client_id")?.ok_or_else(|| missing("client_id"))?;
        let tenants = self.tenants();
        let application = application(&tenants, address, client_id)?;
        Ok(Device {
            client: application.app_id.clone(),
            name: application.display_name.clone(),
            // Without a redirect URI nothing else tells what it runs on.
            platform: application.platform_without_redirect(),
            scope: Scope::parse(Version::V2, single("scope")?, None)?,
            address: segment.to_owned(),
            state: State::Waiting,
        })
    }

    fn show_code(&self, device: Device, now: OffsetDateTime) -> Response {
        let user_code = user_code();
        let device_code = self.provider.devices.hold(device, now);
        let codes = &self.provider.user_codes;
        codes.hold_as(user_code.clone(), device_code.clone(), now);
        let address = format!("{}/devicelogin", self.base_url());
        document(
            StatusCode::OK,
            &json!({
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": address,
                "expires_in": Provider::DEVICE.whole_seconds(),
                "interval": 5,
                "message": format!(
                    "To sign in, use a web browser to open the page {address} and enter the code \
                     {user_code} to authenticate."
                ),
            }),
        )
    }

    /// The page where the code is typed, and what follows.
    pub(in crate::entra) fn device_login(
        &self,
        request: &Request,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        if request.method != Method::POST {
            return pages::device(None);
        }
        let typed = request.form().and_then(|form| {
            let code = form.single("user_code")?;
            Ok(code.map(|code| code.trim().to_ascii_uppercase()))
        });
        // What is no form has no code.
        let typed = typed.ok().flatten().unwrap_or_default();
        let Some((authorization, address)) = self.device_of(&typed, now) else {
            let unknown = "No device waits with this code, or no longer.";
            let refusal = ApplicationCode::VerificationCode.refuse(unknown);
            return self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now));
        };
        let context = Context(self.provider.waiting.hold(authorization, now));
        let arrival = Arrival {
            address: &address,
            name: None,
            hint: DomainHint::default(),
            written_by: WrittenBy::Server,
        };
        self.go_on(arrival, Some(&context), now)
    }

    fn device_of(&self, user_code: &str, now: OffsetDateTime) -> Option<(Authorization, String)> {
        let codes = &self.provider.user_codes;
        let device_code = codes.with(user_code, now, |code| code.clone()).ok()?;
        let look = |device: &mut Device| {
            let waits = matches!(device.state, State::Waiting);
            waits.then(|| (device.authorization(&device_code), device.address.clone()))
        };
        self.provider.devices.with(&device_code, now, look).ok()?
    }

    /// Somebody has signed in for a device, which hears of it when it asks next.
    pub(super) fn tell_device(
        &self,
        device_code: &str,
        person: Person,
        now: OffsetDateTime,
    ) -> Result<Response, PageError> {
        let tell = |device: &mut Device| {
            let waits = matches!(device.state, State::Waiting);
            waits.then(|| {
                device.state = State::SignedIn(person);
                device.name.clone()
            })
        };
        match self.provider.devices.with(device_code, now, tell) {
            Ok(Some(name)) => pages::device(Some(&name)),
            Ok(None) | Err(Absent::Unknown | Absent::Expired) => {
                let late = "The device no longer waits.";
                let refusal = ApplicationCode::VerificationCodeExpired.refuse(late);
                self.show(StatusCode::BAD_REQUEST, &self.refuse(refusal, now))
            }
        }
    }
}

/// Nine characters that are not taken for each other: 45 bits.
fn user_code() -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let octets = random::octets::<9>();
    let letters = octets.iter().filter_map(|octet| {
        let letter = ALPHABET.get(usize::from(octet % 32))?;
        Some(char::from(*letter))
    });
    letters.collect()
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
