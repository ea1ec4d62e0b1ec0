//! Rules by recursive descent. Words of the language have no case, texts have.

use super::{
    Action, Comparison, Condition, Expression, Operator, Property, Quantifier, Query, Rule,
    RuleCause, RuleError, Statement, Test, WrittenRule,
    lexer::{Token, tokens},
};

/// Expressions inside each other.
const DEEPEST: usize = 32;

/// The rules of a text, in their order. One that is not understood keeps no other from being read.
pub fn parse_rules(text: &str) -> Vec<WrittenRule> {
    split(text)
        .into_iter()
        .map(|text| WrittenRule {
            rule: parse(text),
            text: text.to_owned(),
        })
        .collect()
}

/// The texts of rules: each ends with a semicolon that is in no text.
fn split(text: &str) -> Vec<&str> {
    let mut rules = Vec::new();
    let mut is_quoted = false;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            ';' if !is_quoted => {
                rules.extend(text.get(start..=at));
                start = at + 1;
            }
            _ => {}
        }
    }
    rules.extend(text.get(start..));
    let rules = rules.into_iter().map(str::trim);
    rules.filter(|rule| !rule.is_empty()).collect()
}

fn parse(text: &str) -> Result<Rule, RuleError> {
    let words = tokens(text)?;
    let mut parser = Parser {
        end: text.chars().count() + 1,
        words: &words,
        variables: Vec::new(),
    };
    let rule = parser.rule()?;
    match parser.words {
        [] => Ok(rule),
        _ => parser.expected("the end of the rule"),
    }
}

struct Parser<'a> {
    words: &'a [(usize, Token)],
    end: usize,
    variables: Vec<String>,
}

impl Parser<'_> {
    fn rule(&mut self) -> Result<Rule, RuleError> {
        let (mut template, mut name) = (None, None);
        while self.takes("@") {
            let annotation = self.word("RuleTemplate or RuleName")?;
            self.sign("=", "=")?;
            let text = self.text()?;
            match annotation.to_ascii_lowercase().as_str() {
                "ruletemplate" => template = Some(text),
                "rulename" => name = Some(text),
                // An editor's note, whatever it is.
                _ => {}
            }
        }
        let mut conditions = Vec::new();
        if !self.takes("=>") {
            loop {
                conditions.push(self.condition()?);
                if !self.takes("&&") {
                    break;
                }
            }
            self.sign("=>", "&& or =>")?;
        }
        let action = if self.takes_word("issue") {
            Action::Issue
        } else if self.takes_word("add") {
            Action::Add
        } else {
            return self.expected("issue or add");
        };
        self.sign("(", "(")?;
        let statement = self.statement()?;
        self.sign(")", ", or )")?;
        self.sign(";", "; at the end of the rule")?;
        Ok(Rule {
            template,
            name,
            conditions,
            action,
            statement,
        })
    }

    fn condition(&mut self) -> Result<Condition, RuleError> {
        let first = match self.words.first() {
            Some((_, Token::Word(word))) => word.to_ascii_lowercase(),
            _ => String::new(),
        };
        let quantifier = match first.as_str() {
            "exists" => Quantifier::Exists,
            "not" => Quantifier::NotExists,
            "count" => Quantifier::Count(Comparison::Equal, 0),
            _ => {
                let (variable, tests) = self.claim()?;
                return Ok(Condition {
                    quantifier: Quantifier::Each,
                    variable,
                    tests,
                });
            }
        };
        self.word("a word")?;
        if quantifier == Quantifier::NotExists && !self.takes_word("exists") {
            return self.expected("EXISTS");
        }
        self.sign("(", "(")?;
        let (variable, tests) = self.claim()?;
        self.sign(")", ")")?;
        let quantifier = match quantifier {
            Quantifier::Count(..) => {
                let comparison = self.comparison()?;
                Quantifier::Count(comparison, self.number()?)
            }
            other => other,
        };
        Ok(Condition {
            quantifier,
            variable,
            tests,
        })
    }

    /// `c:[Type == "...", Value =~ "..."]`
    fn claim(&mut self) -> Result<(Option<String>, Vec<Test>), RuleError> {
        let mut variable = None;
        if !self.takes("[") {
            let name = self.word("a condition")?;
            self.sign(":", ":")?;
            self.sign("[", "[")?;
            self.variables.push(name.clone());
            variable = Some(name);
        }
        let mut tests = Vec::new();
        while !self.takes("]") {
            if !tests.is_empty() {
                self.sign(",", ", or ]")?;
            }
            let property = self.property()?;
            let operator = self.operator()?;
            let value = self.text()?;
            tests.push(Test {
                property,
                operator,
                value,
            });
        }
        Ok((variable, tests))
    }

    fn statement(&mut self) -> Result<Statement, RuleError> {
        if self.takes_word("claim") {
            self.sign("=", "=")?;
            return Ok(Statement::Copy(self.variable()?));
        }
        if matches!(self.words.first(), Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("store"))
        {
            return self.query().map(Statement::Query);
        }
        let mut properties = Vec::new();
        loop {
            let property = self.property()?;
            self.sign("=", "=")?;
            properties.push((property, self.expression(0)?));
            if !self.takes(",") {
                return Ok(Statement::Create(properties));
            }
        }
    }

    fn query(&mut self) -> Result<Query, RuleError> {
        let mut query = Query {
            store: String::new(),
            types: Vec::new(),
            query: String::new(),
            params: Vec::new(),
        };
        loop {
            let part = self.word("store, types, query or param")?;
            self.sign("=", "=")?;
            match part.to_ascii_lowercase().as_str() {
                "store" => query.store = self.text()?,
                "query" => query.query = self.text()?,
                "param" => query.params.push(self.expression(0)?),
                "types" => {
                    self.sign("(", "(")?;
                    loop {
                        query.types.push(self.text()?);
                        if !self.takes(",") {
                            break;
                        }
                    }
                    self.sign(")", ", or )")?;
                }
                _ => return self.expected("store, types, query or param"),
            }
            if !self.takes(",") {
                return Ok(query);
            }
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, RuleError> {
        let mut terms = vec![self.term(depth)?];
        while self.takes("+") {
            terms.push(self.term(depth)?);
        }
        match <[Expression; 1]>::try_from(terms) {
            Ok([one]) => Ok(one),
            Err(terms) => Ok(Expression::Concat(terms)),
        }
    }

    fn term(&mut self, depth: usize) -> Result<Expression, RuleError> {
        if depth == DEEPEST {
            return Err(self.error(RuleCause::TooDeep));
        }
        if let Some((_, Token::Text(_))) = self.words.first() {
            return self.text().map(Expression::Text);
        }
        if self.takes_word("regexreplace") {
            self.sign("(", "(")?;
            let of = self.expression(depth + 1)?;
            self.sign(",", ",")?;
            let pattern = self.text()?;
            self.sign(",", ",")?;
            let with = self.text()?;
            self.sign(")", ")")?;
            return Ok(Expression::Replace(Box::new(of), pattern, with));
        }
        let variable = self.variable()?;
        self.sign(".", ".")?;
        Ok(Expression::Of(variable, self.property()?))
    }

    fn variable(&mut self) -> Result<String, RuleError> {
        let before = self.words;
        let name = self.word("a text, RegExReplace or the name of a claim")?;
        if self.variables.contains(&name) {
            return Ok(name);
        }
        self.words = before;
        Err(self.error(RuleCause::Variable(name)))
    }

    fn property(&mut self) -> Result<Property, RuleError> {
        let before = self.words;
        let word = self.word("a property of a claim")?;
        Ok(match word.to_ascii_lowercase().as_str() {
            "type" => Property::Type,
            "value" => Property::Value,
            "valuetype" => Property::ValueType,
            "issuer" => Property::Issuer,
            "originalissuer" => Property::OriginalIssuer,
            "properties" => {
                self.sign("[", "[")?;
                let name = self.text()?;
                self.sign("]", "]")?;
                Property::Named(name)
            }
            _ => {
                self.words = before;
                return self.expected("a property of a claim");
            }
        })
    }

    fn operator(&mut self) -> Result<Operator, RuleError> {
        let signs = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("=~", Operator::Matches),
            ("!~", Operator::NotMatches),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.takes(sign));
        found.map_or_else(
            || self.expected("==, !=, =~ or !~"),
            |(_, operator)| Ok(operator),
        )
    }

    fn comparison(&mut self) -> Result<Comparison, RuleError> {
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.takes(sign));
        found.map_or_else(
            || self.expected("a comparison"),
            |(_, comparison)| Ok(comparison),
        )
    }

    fn takes(&mut self, sign: &str) -> bool {
        match self.words {
            [(_, Token::Sign(found)), rest @ ..] if *found == sign => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        match self.words {
            [(_, Token::Word(found)), rest @ ..] if found.eq_ignore_ascii_case(word) => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn sign(&mut self, sign: &str, expected: &'static str) -> Result<(), RuleError> {
        if self.takes(sign) {
            Ok(())
        } else {
            self.expected(expected)
        }
    }

    fn word(&mut self, expected: &'static str) -> Result<String, RuleError> {
        match self.words {
            [(_, Token::Word(word)), rest @ ..] => {
                self.words = rest;
                Ok(word.clone())
            }
            _ => self.expected(expected),
        }
    }

    fn text(&mut self) -> Result<String, RuleError> {
        match self.words {
            [(_, Token::Text(text)), rest @ ..] => {
                self.words = rest;
                Ok(text.clone())
            }
            _ => self.expected("a text in quotation marks"),
        }
    }

    fn number(&mut self) -> Result<u32, RuleError> {
        match self.words {
            [(_, Token::Number(number)), rest @ ..] => {
                self.words = rest;
                Ok(*number)
            }
            _ => self.expected("a number"),
        }
    }

    fn error(&self, cause: RuleCause) -> RuleError {
        let at = self.words.first().map_or(self.end, |(at, _)| *at);
        RuleError { at, cause }
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, RuleError> {
        let found = match self.words.first() {
            None => "the end".to_owned(),
            Some((_, Token::Word(word))) => word.clone(),
            Some((_, Token::Text(text))) => format!("{text:?}"),
            Some((_, Token::Number(number))) => number.to_string(),
            Some((_, Token::Sign(sign))) => (*sign).to_owned(),
        };
        Err(self.error(RuleCause::Expected { expected, found }))
    }
}
