//! The plan as a page that stands for itself: no script, nothing fetched, charts as inline SVG.

use askama::Template;

use super::{Plan, Planned, Prediction};

/// How many email domains the chart has, the most frequent ones first.
const DOMAINS: usize = 10;
/// A bar's height, with the space below it, in pixels.
const BAR: usize = 26;
/// Where labels end, bars begin and counts begin, and how wide all of it is, in pixels.
const LABEL: usize = 180;
const START: usize = 190;
const LONGEST: usize = 250;
const COUNT: usize = START + LONGEST + 10;
const WIDTH: usize = 520;

#[derive(Template)]
#[template(path = "sync/report.html")]
struct Report<'a> {
    plan: &'a Plan,
    ready: usize,
    charts: [Chart; 4],
    words: Vec<Prediction>,
    kinds: Vec<(String, usize, &'static str)>,
    in_conflict: Vec<&'a Planned>,
    good: Vec<&'a Planned>,
}

/// Horizontal bars.
struct Chart {
    title: &'static str,
    height: usize,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    count: usize,
    class: &'static str,
    y: usize,
    text_y: usize,
    width: usize,
}

/// A bar's label, count and class.
type Value = (String, usize, &'static str);

/// The plan as one HTML document.
///
/// # Errors
/// When the page cannot be written, which no value of a plan can bring about.
pub fn html(plan: &Plan) -> Result<String, askama::Error> {
    let counts = &plan.counts;
    let kinds = counts.conflicts.iter();
    let kinds: Vec<_> = kinds
        .map(|(kind, count)| (kind.to_string(), *count, kind.mend()))
        .collect();
    let (in_conflict, good): (Vec<_>, Vec<_>) = plan
        .users
        .iter()
        .partition(|user| !user.conflicts.is_empty());
    let predictions = counts.predictions.iter();
    let predictions = predictions.map(|(it, count)| (it.to_string(), *count, class(*it)));
    let types = [("Guest", counts.guests), ("Member", counts.members)];
    let types = types.map(|(label, count)| (label.to_owned(), count, "bar"));
    let of_kinds = kinds.iter();
    let of_kinds = of_kinds.map(|(kind, count, _)| (kind.clone(), *count, "bad"));
    let mut of_kinds: Vec<Value> = of_kinds.collect();
    of_kinds.sort_by(most_first);
    Report {
        plan,
        ready: good.len(),
        charts: [
            chart("What a sign-in comes to", predictions.collect()),
            chart("Guests by email domain", domains(plan)),
            chart("Conflicts by kind", of_kinds),
            chart("User types", types.into()),
        ],
        words: counts.predictions.keys().copied().collect(),
        in_conflict,
        good,
        kinds,
    }
    .render()
}

/// The most frequent domains, and the sum of all others.
fn domains(plan: &Plan) -> Vec<Value> {
    let domains = plan.counts.email_domains.iter();
    let domains = domains.map(|(name, count)| (name.clone(), *count, "bar"));
    let mut domains: Vec<Value> = domains.collect();
    domains.sort_by(most_first);
    let others: usize = domains
        .iter()
        .skip(DOMAINS)
        .map(|(_, count, _)| count)
        .sum();
    domains.truncate(DOMAINS);
    if others > 0 {
        domains.push(("all others".to_owned(), others, "bar"));
    }
    domains
}

fn most_first((one, many, _): &Value, (other, few, _): &Value) -> std::cmp::Ordering {
    few.cmp(many).then_with(|| one.cmp(other))
}

fn class(prediction: Prediction) -> &'static str {
    match prediction {
        Prediction::SignsIn => "good",
        Prediction::ComesHere | Prediction::EntraPassword => "bar",
        Prediction::RefusedHere => "held",
        Prediction::Elsewhere | Prediction::Nobody | Prediction::NoName => "bad",
    }
}

fn chart(title: &'static str, values: Vec<Value>) -> Chart {
    let most = values.iter().map(|(_, count, _)| *count).max().unwrap_or(0);
    let bars = values
        .into_iter()
        .enumerate()
        .map(|(index, (label, count, class))| {
            let width = (count * LONGEST).checked_div(most).unwrap_or(0);
            Bar {
                label: shortened(label),
                count,
                class,
                y: index * BAR,
                text_y: index * BAR + 14,
                // One of thousands is seen, too.
                width: if count > 0 { width.max(3) } else { 0 },
            }
        });
    let bars: Vec<Bar> = bars.collect();
    Chart {
        title,
        height: bars.len() * BAR,
        bars,
    }
}

/// A label that goes into its column.
fn shortened(label: String) -> String {
    const LONGEST_LABEL: usize = 24;
    if label.chars().count() <= LONGEST_LABEL {
        return label;
    }
    let kept: String = label.chars().take(LONGEST_LABEL - 1).collect();
    format!("{kept}\u{2026}")
}
