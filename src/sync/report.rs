//! The plan as a page that stands for itself: no script, nothing fetched, charts as inline SVG.

use askama::Template;

use super::{Plan, Planned};

/// How many email domains the chart has, the most frequent ones first.
const DOMAINS: usize = 12;
/// A bar's height, with the space below it, in pixels.
const BAR: usize = 26;
/// The longest bar, in pixels.
const LONGEST: usize = 420;

#[derive(Template)]
#[template(path = "sync/report.html")]
struct Report<'a> {
    plan: &'a Plan,
    ready: usize,
    charts: [Chart; 3],
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
    y: usize,
    text_y: usize,
    width: usize,
    count_x: usize,
}

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
    let mut domains: Vec<_> = counts.email_domains.clone().into_iter().collect();
    domains.sort_by(|(one, many), (other, few)| few.cmp(many).then_with(|| one.cmp(other)));
    let others: usize = domains.iter().skip(DOMAINS).map(|(_, count)| count).sum();
    domains.truncate(DOMAINS);
    if others > 0 {
        domains.push(("all others".to_owned(), others));
    }
    let (in_conflict, good): (Vec<_>, Vec<_>) = plan
        .users
        .iter()
        .partition(|user| !user.conflicts.is_empty());
    let ready = counts.accounts.saturating_sub(counts.in_conflict);
    let types = vec![
        ("Guest".to_owned(), counts.guests),
        ("Member".to_owned(), counts.members),
    ];
    let of_kinds = kinds.iter().map(|(kind, count, _)| (kind.clone(), *count));
    Report {
        plan,
        ready,
        charts: [
            chart("User types", types),
            chart("Conflicts by kind", of_kinds.collect()),
            chart("Guests by email domain", domains),
        ],
        in_conflict,
        good,
        kinds,
    }
    .render()
}

fn chart(title: &'static str, values: Vec<(String, usize)>) -> Chart {
    let most = values.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bars = values
        .into_iter()
        .enumerate()
        .map(|(index, (label, count))| {
            let width = (count * LONGEST).checked_div(most).unwrap_or(0);
            Bar {
                label,
                count,
                y: index * BAR,
                text_y: index * BAR + 15,
                width,
                count_x: 270 + width,
            }
        });
    let bars: Vec<Bar> = bars.collect();
    Chart {
        title,
        height: bars.len() * BAR,
        bars,
    }
}
