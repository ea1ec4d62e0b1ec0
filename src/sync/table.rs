//! The plan in columns, for people and for spreadsheets.

use super::{Plan, Planned};

const COLUMNS: [&str; 9] = [
    "userType",
    "userPrincipalName",
    "onPremisesUserPrincipalName",
    "onPremisesImmutableId",
    "directory",
    "dn",
    "because",
    "prediction",
    "conflicts",
];

/// The plan in padded columns. What a terminal would obey is shown as `\u{fffd}`.
pub fn table(plan: &Plan) -> String {
    let rows = plan.users.iter().map(cells);
    let rows = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows);
    let rows: Vec<[String; 9]> = rows.map(|row| row.map(|cell| printable(&cell))).collect();
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let lines = rows.iter().map(|row| {
        let padded = row.iter().zip(widths);
        let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

/// The plan by RFC 4180, with a line of names. A cell that a spreadsheet would take for a formula
/// begins with an apostrophe: partners choose what stands in some of them.
pub fn csv(plan: &Plan) -> String {
    let rows = plan.users.iter().map(cells);
    let rows = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows);
    let lines = rows.map(|row| format!("{}\r\n", row.map(|cell| quoted(&cell)).join(",")));
    lines.collect()
}

fn cells(user: &Planned) -> [String; 9] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let conflicts = user.conflicts.iter();
    let conflicts = conflicts.map(|conflict| format!("{}: {}", conflict.kind, conflict.what));
    [
        user.user_type.to_string(),
        text(&user.user_principal_name),
        text(&user.on_premises_user_principal_name),
        text(&user.on_premises_immutable_id),
        user.directory.clone(),
        user.dn.clone(),
        user.because.clone(),
        user.prediction.to_string(),
        conflicts.collect::<Vec<_>>().join("; "),
    ]
}

fn printable(cell: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    cell.chars().map(shown).collect()
}

fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}
