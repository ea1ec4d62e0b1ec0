//! The claim rule language of AD FS: conditions over claims, and what is issued where they hold.
//!
//! There is a description of it by example only ("The Role of the Claim Rule Language"), so what is not
//! understood is an error with its place, rule by rule, and the rules beside it are read nevertheless.

mod error;
pub mod known;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub use error::{RuleCause, RuleError};
pub use parser::parse_rules;

/// A rule as it stands, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRule {
    /// Its text, without the white space around it.
    pub text: String,
    /// What it says, or why that is not understood.
    pub rule: Result<Rule, RuleError>,
}

/// `[@annotations] conditions => statement;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `@RuleTemplate`: the form of AD FS's console that it was made by.
    pub template: Option<String>,
    /// `@RuleName`.
    pub name: Option<String>,
    /// All of them must hold; none holds always.
    pub conditions: Vec<Condition>,
    /// Whether what comes of it is issued, or only there for the rules behind it.
    pub action: Action,
    /// What comes of it.
    pub statement: Statement,
}

/// What becomes of the claims of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `issue`: they are in the token, and there for the rules behind it.
    Issue,
    /// `add`: they are there for the rules behind it.
    Add,
}

/// A condition about the claims that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How many of them it is about.
    pub quantifier: Quantifier,
    /// The name that the statement has for the claim.
    pub variable: Option<String>,
    /// What holds of the claim.
    pub tests: Vec<Test>,
}

/// How many claims a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// The statement is carried out for each of them.
    Each,
    /// `EXISTS`: there is one.
    Exists,
    /// `NOT EXISTS`: there is none.
    NotExists,
    /// `COUNT(...) > 1`: so many.
    Count(Comparison, u32),
}

/// How a count is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // their signs say it
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// `Type == "..."`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Of which property.
    pub property: Property,
    /// How it is compared.
    pub operator: Operator,
    /// With what: a text, or a regular expression of .NET.
    pub value: String,
}

/// A property of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// What it says, a URI.
    Type,
    /// Its value.
    Value,
    /// The type of its value.
    ValueType,
    /// Who has said it.
    Issuer,
    /// Who had said it first.
    OriginalIssuer,
    /// `Properties["..."]`.
    Named(String),
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`, with regard to case.
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`: the expression is found in it.
    Matches,
    /// `!~`
    NotMatches,
}

/// What comes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `claim = c`: the claim as it is.
    Copy(String),
    /// `Type = ..., Value = ...`: a new one.
    Create(Vec<(Property, Expression)>),
    /// `store = ..., types = ..., query = ..., param = ...`: what a store answers.
    Query(Query),
}

/// A question to an attribute store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The store's name.
    pub store: String,
    /// The types of the claims that are made of the columns of the answer.
    pub types: Vec<String>,
    /// The question; `{0}` stands for the first parameter.
    pub query: String,
    /// The parameters.
    pub params: Vec<Expression>,
}

/// A text that is made when the rule is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `"..."`
    Text(String),
    /// `c.Value`
    Of(String, Property),
    /// `RegExReplace(c.Value, "...", "...")`
    Replace(Box<Expression>, String, String),
    /// `"..." + c.Value`
    Concat(Vec<Expression>),
}

impl Condition {
    /// What it says of a property, if it says just one thing.
    pub fn only_test(&self, property: &Property) -> Option<&Test> {
        let mut tests = self.tests.iter().filter(|test| test.property == *property);
        tests.next().filter(|_| tests.next().is_none())
    }

    /// The type of claim that it is about, where it names it.
    pub fn claim_type(&self) -> Option<&str> {
        let test = self.only_test(&Property::Type)?;
        (test.operator == Operator::Equal).then_some(&*test.value)
    }
}
