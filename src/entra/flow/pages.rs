//! The pages of what happened, and the same as JSON.

use askama::Template;
use hyper::StatusCode;
use serde::Serialize;

use super::{
    Field, Flow, FlowCheck, Hop, HttpRequest, State, Value,
    checks::anchor,
    document::{Line, Note},
    visible::visible,
};
use crate::{
    entra::{
        Simulator,
        open_id::document,
        pages::{PageError, respond},
    },
    http::{Nonce, PageSecurity, Response, response},
};

/// An address of these pages.
pub(in crate::entra) enum Place<'r> {
    /// `/flows`: the latest sign-ins.
    List,
    /// `/flows.json`: the same for programs.
    ListAsJson,
    /// `/flow/{id}`: one sign-in.
    Flow(&'r str),
    /// `/flow/{id}.json`: the same for programs.
    FlowAsJson(&'r str),
}

impl<'r> Place<'r> {
    /// The one that a path, without its first slash, leads to.
    pub(in crate::entra) fn of(path: &'r str) -> Option<Self> {
        match path {
            "flows" | "flows/" => return Some(Self::List),
            "flows.json" => return Some(Self::ListAsJson),
            _ => {}
        }
        let id = path.strip_prefix("flow/")?;
        Some(match id.strip_suffix(".json") {
            Some(id) => Self::FlowAsJson(id),
            None => Self::Flow(id),
        })
    }
}

/// A line of the list.
#[derive(Serialize)]
struct Listed {
    id: String,
    /// Where its page is.
    address: String,
    begun: String,
    typed: Option<String>,
    hops: usize,
    /// `None` while no answer has come.
    accepted: Option<bool>,
    code: Option<String>,
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "entra/flows.html")]
struct List<'a> {
    nonce: &'a str,
    flows: &'a [Listed],
}

#[derive(Template)]
#[template(path = "entra/flow.html")]
struct Page<'a> {
    nonce: &'a str,
    flow: &'a Flow,
    hops: Vec<HopView<'a>>,
    refused: Vec<&'a FlowCheck>,
    would_fail: Vec<&'a FlowCheck>,
}

/// A hop, laid out.
struct HopView<'a> {
    number: usize,
    hop: &'a Hop,
    /// By which lanes its arrow goes.
    lanes: &'static str,
    /// The check in it that refuses.
    refuses: Option<&'a FlowCheck>,
    request: Option<RequestView<'a>>,
    document: Option<DocumentView>,
}

struct RequestView<'a> {
    request: &'a HttpRequest,
    /// The address without its query.
    address: String,
    parameters: Vec<Parameter>,
    curl: String,
}

struct Parameter {
    /// Where it stands: "query" or "form".
    place: &'static str,
    name: String,
    /// Without it, why it is not here.
    value: Result<String, String>,
}

struct DocumentView {
    brought_by: &'static str,
    lines: Result<Vec<LineView>, String>,
    as_it_came: String,
}

struct LineView {
    line: Line,
    notes: Vec<NoteView>,
}

struct NoteView {
    says: String,
    check: Option<(&'static str, String)>,
    state: Option<State>,
}

/// Values of parameters are shown up to so many characters; the command has all of them.
const LONGEST_VALUE: usize = 200;

impl Simulator {
    /// What is at one of these addresses.
    pub(in crate::entra) fn show_flows(&self, place: &Place<'_>) -> Result<Response, PageError> {
        match place {
            Place::List => {
                let nonce = Nonce::new()?;
                let list = List {
                    nonce: nonce.as_str(),
                    flows: &self.listed(),
                };
                respond(StatusCode::OK, &list, &PageSecurity::new().styles(&nonce))
            }
            Place::ListAsJson => Ok(document(StatusCode::OK, &self.listed())),
            Place::Flow(id) => match self.flows().get(id) {
                Some(flow) => show(&flow),
                None => Ok(gone()),
            },
            Place::FlowAsJson(id) => match self.flows().get(id) {
                Some(flow) => Ok(document(StatusCode::OK, &flow)),
                None => Ok(gone()),
            },
        }
    }

    fn listed(&self) -> Vec<Listed> {
        let flows = self.flows().all().into_iter();
        flows
            .map(|flow| Listed {
                address: format!("{}/flow/{}", self.base_url(), flow.id),
                id: flow.id,
                begun: flow.begun,
                typed: flow.typed,
                hops: flow.hops.len(),
                accepted: flow.end.as_ref().map(|end| end.accepted),
                code: flow
                    .end
                    .as_ref()
                    .and_then(|end| Some(end.code?.to_string())),
                said: flow.end.map(|end| end.said),
            })
            .collect()
    }
}

fn gone() -> Response {
    response::text(
        StatusCode::NOT_FOUND,
        "This sign-in is not kept, or not any more: the latest ones are, while the simulator runs.\n",
    )
}

fn show(flow: &Flow) -> Result<Response, PageError> {
    let nonce = Nonce::new()?;
    let checks = || flow.hops.iter().flat_map(|hop| &hop.checks);
    let in_state = |state| checks().filter(move |check| check.state == state).collect();
    let state_of = |name: &str| {
        let check = checks().find(|check| check.name == name)?;
        Some(check.state)
    };
    let page = Page {
        nonce: nonce.as_str(),
        flow,
        hops: (1..)
            .zip(&flow.hops)
            .map(|(number, hop)| HopView::of(number, hop, &state_of))
            .collect(),
        refused: in_state(State::Refused),
        would_fail: in_state(State::WouldFail),
    };
    let security = PageSecurity::new().styles(&nonce).scripts(&nonce);
    respond(StatusCode::OK, &page, &security)
}

impl<'a> HopView<'a> {
    fn of(number: usize, hop: &'a Hop, state_of: &dyn Fn(&str) -> Option<State>) -> Self {
        use super::Party::{Application, Browser, Entra, IdentityProvider};
        let lanes = match (hop.from, hop.to) {
            (Browser | Application, Entra) => "l12 right",
            (Entra, Browser | Application) => "l12 left",
            (Entra, IdentityProvider) => "l23 right",
            (IdentityProvider, Entra) => "l23 left",
            (Browser | Application, IdentityProvider) => "l13 right",
            (IdentityProvider, Browser | Application) => "l13 left",
            (Entra, Entra) => "l2",
            (IdentityProvider, IdentityProvider) => "l3",
            (Browser | Application, Browser | Application) => "l1",
        };
        Self {
            number,
            hop,
            lanes,
            refuses: hop.checks.iter().find(|it| it.state == State::Refused),
            request: hop.request.as_ref().map(|request| {
                let brought_by = hop.document.as_ref().map(|it| it.brought_by);
                RequestView::of(request, brought_by)
            }),
            document: hop.document.as_ref().map(|document| DocumentView {
                brought_by: document.brought_by,
                lines: document.lines().map(|lines| {
                    let all = lines.into_iter();
                    all.map(|line| LineView::of(line, state_of)).collect()
                }),
                as_it_came: document.as_it_came(),
            }),
        }
    }
}

impl<'a> RequestView<'a> {
    fn of(request: &'a HttpRequest, brought_by: Option<&'static str>) -> Self {
        let address = request.url.split('?').next().unwrap_or_default();
        let in_query = request.query().into_iter().map(|field| ("query", field));
        let in_form = request.fields.iter().map(|field| ("form", field.clone()));
        let parameters = in_query.chain(in_form);
        Self {
            address: visible(address, false),
            parameters: parameters
                .map(|(place, field)| Parameter::of(place, &field, brought_by))
                .collect(),
            curl: request.curl(),
            request,
        }
    }
}

impl Parameter {
    fn of(place: &'static str, Field { name, value }: &Field, brought_by: Option<&str>) -> Self {
        let value = match value {
            Value::NotKept(why) => Err(format!("not kept: {why}")),
            Value::Value(value) if Some(name.as_str()) == brought_by => Err(format!(
                "{} characters, decoded below",
                value.chars().count()
            )),
            Value::Value(value) => {
                let length = value.chars().count();
                let beginning: String = value.chars().take(LONGEST_VALUE).collect();
                let shown = visible(&beginning, false);
                Ok(if length > LONGEST_VALUE {
                    format!("{shown}\u{2026} ({length} characters)")
                } else {
                    shown
                })
            }
        };
        Self {
            place,
            name: visible(name, false),
            value,
        }
    }
}

impl LineView {
    fn of(mut line: Line, state_of: &dyn Fn(&str) -> Option<State>) -> Self {
        let notes = std::mem::take(&mut line.notes).into_iter();
        let notes = notes
            .map(|Note { check, says }| NoteView {
                says,
                // A request's parts are read by nobody here.
                check: check.map(|name| (name, anchor(name))),
                state: check.and_then(state_of),
            })
            .collect();
        Self { line, notes }
    }
}
