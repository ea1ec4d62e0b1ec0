//! The schema's word on children: which, in which order, how often.

use crate::{
    entra::{Aadsts, Refusal},
    xml::{Element, StructureError},
};

use super::shown;

/// Refuses children that are not on the list, or not in its order. The last `choices` names may
/// come in any order among themselves.
pub(super) fn check_children(
    parent: &Element,
    names: &[(&str, &str)],
    choices: usize,
) -> Result<(), Refusal> {
    let first_choice = names.len().saturating_sub(choices);
    let mut reached = 0;
    for child in parent.elements() {
        let place = names
            .iter()
            .position(|(namespace, local)| child.is(namespace, local));
        let refusal = match place.map(|place| place.min(first_choice)) {
            Some(place) if place >= reached => {
                reached = place;
                continue;
            }
            Some(_) => "out of its order",
            None => "not understood",
        };
        return Err(Aadsts::InvalidSamlToken.refuse(format!(
            "{} holds {} of namespace {}, which is {refusal} there.",
            parent.local_name(),
            child.local_name(),
            shown(child.namespace())
        )));
    }
    Ok(())
}

/// The one child of this name.
pub(super) fn one<'e>(
    parent: &'e Element,
    namespace: &str,
    local: &'static str,
) -> Result<&'e Element, Refusal> {
    at_most_one(parent, namespace, local)?
        .ok_or_else(|| malformed(parent, StructureError::Missing(local)))
}

/// The one child of this name, if it is there.
pub(super) fn at_most_one<'e>(
    parent: &'e Element,
    namespace: &str,
    local: &'static str,
) -> Result<Option<&'e Element>, Refusal> {
    parent
        .only_child(namespace, local)
        .map_err(|error| malformed(parent, error))
}

/// The text of an element that holds nothing else.
pub(super) fn text(element: &Element) -> Result<&str, Refusal> {
    element.text().ok_or_else(|| {
        Aadsts::InvalidSamlToken.refuse(format!(
            "{} holds elements where text belongs.",
            element.local_name()
        ))
    })
}

/// An attribute that must be there.
pub(super) fn attribute<'e>(element: &'e Element, name: &str) -> Result<&'e str, Refusal> {
    element.attribute(name).ok_or_else(|| {
        Aadsts::InvalidSamlToken.refuse(format!("{} has no {name}.", element.local_name()))
    })
}

fn malformed(parent: &Element, error: StructureError) -> Refusal {
    Aadsts::InvalidSamlToken.refuse(format!("In {}: {error}.", parent.local_name()))
}
