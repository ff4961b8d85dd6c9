//! The part of Postman's scripting language that the runner knows: one statement a line.
//!
//! ```text
//! pm.test("name", () => ASSERTION);
//! pm.environment.set("variable", EXPRESSION);
//! if (["value", …].includes(EXPRESSION)) pm.execution.setNextRequest(pm.info.requestName);
//!
//! ASSERTION:  pm.response.to.have.status(201)          pm.response.to.have.header("Allow")
//!             pm.expect(EXPRESSION).to.eql(EXPRESSION)         .to.include(EXPRESSION)
//!             .to.be.a("string")     .to.have.property("x")    .to.not.have.property("x")
//! EXPRESSION: a JSON literal         pm.environment.get("x")   pm.response.headers.get("x")
//!             pm.response.text()     pm.response.json() with .field [0] .length .map(x => x.field)
//!             JSON.stringify(EXPRESSION)
//! ```
//!
//! Anything else is an error that shows the place.

use serde_json::Value;

use crate::collection::Variables;

/// One line of a script.
#[derive(Debug)]
pub enum Statement {
    Test {
        name: String,
        assertion: Assertion,
    },
    Set {
        variable: String,
        value: Expression,
    },
    /// The request is sent again as long as the expression is one of the values.
    AgainWhile {
        values: Vec<Value>,
        is: Expression,
    },
}

/// What a test says.
#[derive(Debug)]
pub enum Assertion {
    Status(u16),
    Header(String),
    Eql(Expression, Expression),
    Include(Expression, Expression),
    BeA(Expression, String),
    Property {
        of: Expression,
        name: String,
        wanted: bool,
    },
}

/// Something that has a value once the answer is there.
#[derive(Debug)]
pub enum Expression {
    Literal(Value),
    Variable(String),
    Header(String),
    Text,
    Json(Vec<Step>),
    Stringify(Box<Expression>),
}

/// One step into a JSON value.
#[derive(Debug)]
pub enum Step {
    Field(String),
    Index(usize),
    Length,
    Map(String),
}

/// The answer a script is about.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

/// Reads one line.
pub fn parse(line: &str) -> Result<Statement, String> {
    let mut parser = Parser { line, at: 0 };
    let statement = parser.statement()?;
    parser.expect(";")?;
    match parser.rest() {
        "" => Ok(statement),
        _ => Err(parser.not_understood()),
    }
}

struct Parser<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn not_understood(&self) -> String {
        format!("not understood from here on: {}", self.rest())
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.not_understood())
        }
    }

    fn literal(&mut self) -> Result<Value, String> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            _ => Err(self.not_understood()),
        }
    }

    /// A string, and the parenthesis that closes the call it is the argument of.
    fn last_argument(&mut self) -> Result<String, String> {
        let Value::String(text) = self.literal()? else {
            return Err(self.not_understood());
        };
        self.expect(")")?;
        Ok(text)
    }

    fn word(&mut self) -> Result<String, String> {
        let length = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word = &self.rest()[..length.unwrap_or(self.rest().len())];
        if word.is_empty() {
            return Err(self.not_understood());
        }
        self.at += word.len();
        Ok(word.to_owned())
    }

    fn statement(&mut self) -> Result<Statement, String> {
        if self.eat("pm.test(") {
            let Value::String(name) = self.literal()? else {
                return Err(self.not_understood());
            };
            self.expect(", () => ")?;
            let assertion = self.assertion()?;
            self.expect(")")?;
            return Ok(Statement::Test { name, assertion });
        }
        if self.eat("pm.environment.set(") {
            let Value::String(variable) = self.literal()? else {
                return Err(self.not_understood());
            };
            self.expect(", ")?;
            let value = self.expression()?;
            self.expect(")")?;
            return Ok(Statement::Set { variable, value });
        }
        self.expect("if (")?;
        let Value::Array(values) = self.literal()? else {
            return Err(self.not_understood());
        };
        self.expect(".includes(")?;
        let is = self.expression()?;
        self.expect(")) pm.execution.setNextRequest(pm.info.requestName)")?;
        Ok(Statement::AgainWhile { values, is })
    }

    fn assertion(&mut self) -> Result<Assertion, String> {
        if self.eat("pm.response.to.have.status(") {
            let status = self
                .literal()?
                .as_u64()
                .and_then(|status| u16::try_from(status).ok());
            self.expect(")")?;
            return status
                .map(Assertion::Status)
                .ok_or_else(|| self.not_understood());
        }
        if self.eat("pm.response.to.have.header(") {
            return Ok(Assertion::Header(self.last_argument()?));
        }
        self.expect("pm.expect(")?;
        let of = self.expression()?;
        self.expect(").to.")?;
        if self.eat("be.a(") {
            return Ok(Assertion::BeA(of, self.last_argument()?));
        }
        if self.eat("have.property(") {
            return Ok(Assertion::Property {
                of,
                name: self.last_argument()?,
                wanted: true,
            });
        }
        if self.eat("not.have.property(") {
            return Ok(Assertion::Property {
                of,
                name: self.last_argument()?,
                wanted: false,
            });
        }
        let build = match () {
            () if self.eat("eql(") => Assertion::Eql,
            () if self.eat("include(") => Assertion::Include,
            () => return Err(self.not_understood()),
        };
        let with = self.expression()?;
        self.expect(")")?;
        Ok(build(of, with))
    }

    fn expression(&mut self) -> Result<Expression, String> {
        if self.eat("pm.environment.get(") {
            return Ok(Expression::Variable(self.last_argument()?));
        }
        if self.eat("pm.response.headers.get(") {
            return Ok(Expression::Header(self.last_argument()?));
        }
        if self.eat("pm.response.text()") {
            return Ok(Expression::Text);
        }
        if self.eat("JSON.stringify(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(Expression::Stringify(Box::new(inner)));
        }
        if self.eat("pm.response.json()") {
            return Ok(Expression::Json(self.steps()?));
        }
        Ok(Expression::Literal(self.literal()?))
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            if self.eat("[") {
                let index = self
                    .literal()?
                    .as_u64()
                    .and_then(|index| usize::try_from(index).ok());
                steps.push(Step::Index(index.ok_or_else(|| self.not_understood())?));
                self.expect("]")?;
            } else if self.eat(".map(") {
                let item = self.word()?;
                self.expect(" => ")?;
                self.expect(&item)?;
                self.expect(".")?;
                steps.push(Step::Map(self.word()?));
                self.expect(")")?;
            } else if self.eat(".") {
                let field = self.word()?;
                steps.push(if field == "length" {
                    Step::Length
                } else {
                    Step::Field(field)
                });
            } else {
                return Ok(steps);
            }
        }
    }
}

impl Answer {
    /// The value of a header; names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

impl Assertion {
    /// Whether it holds for the answer; if not, why.
    pub fn check(&self, answer: &Answer, variables: &Variables) -> Result<(), String> {
        let value = |expression: &Expression| expression.value(answer, variables);
        let (holds, found) = match self {
            Self::Status(status) => (answer.status == *status, answer.status.to_string()),
            Self::Header(name) => (answer.header(name).is_some(), "no such header".to_owned()),
            Self::Eql(left, right) => {
                let (left, right) = (value(left)?, value(right)?);
                (left == right, format!("{left}, not {right}"))
            }
            Self::Include(whole, part) => {
                let (whole, part) = (value(whole)?, value(part)?);
                (includes(&whole, &part), format!("{whole}, without {part}"))
            }
            Self::BeA(of, wanted) => {
                let of = value(of)?;
                (
                    kind(&of) == wanted,
                    format!("{of}: {}, not {wanted}", kind(&of)),
                )
            }
            Self::Property { of, name, wanted } => {
                let of = value(of)?;
                (of.get(name).is_some() == *wanted, of.to_string())
            }
        };
        if holds { Ok(()) } else { Err(found) }
    }
}

impl Expression {
    /// Its value, once the answer is there. A field that is absent is null, as `undefined` compares.
    pub fn value(&self, answer: &Answer, variables: &Variables) -> Result<Value, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Variable(name) => variables
                .get(name)
                .map(|value| Value::String(value.clone()))
                .ok_or_else(|| format!("the variable {name} is not set")),
            Self::Header(name) => Ok(answer.header(name).map_or(Value::Null, Value::from)),
            Self::Text => Ok(Value::String(answer.text.clone())),
            Self::Stringify(inner) => Ok(inner.value(answer, variables)?.to_string().into()),
            Self::Json(steps) => {
                let json = serde_json::from_str(&answer.text)
                    .map_err(|e| format!("the answer is not JSON ({e}): {}", answer.text))?;
                Ok(steps.iter().fold(json, |value, step| step.take(&value)))
            }
        }
    }
}

impl Step {
    fn take(&self, value: &Value) -> Value {
        match self {
            Self::Field(name) => value.get(name).cloned().unwrap_or_default(),
            Self::Index(index) => value.get(index).cloned().unwrap_or_default(),
            Self::Length => value
                .as_array()
                .map_or(Value::Null, |array| array.len().into()),
            Self::Map(field) => value.as_array().map_or(Value::Null, |array| {
                array
                    .iter()
                    .map(|item| item.get(field).cloned().unwrap_or_default())
                    .collect()
            }),
        }
    }
}

/// A text contains a text; an array contains a value.
fn includes(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part),
        (Value::Array(whole), part) => whole.contains(part),
        _ => false,
    }
}

/// The name chai has for a kind of value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            status: 200,
            headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
            text: r#"{"a":{"b":[{"id":1},{"id":2}]},"s":"some text"}"#.into(),
        }
    }

    fn check(line: &str) -> Result<(), String> {
        let variables = Variables::from([("known".into(), "some text".into())]);
        match parse(line)? {
            Statement::Test { assertion, .. } => assertion.check(&answer(), &variables),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn every_kind_of_assertion_can_hold_and_can_fail() {
        for (assertion, holds) in [
            ("pm.response.to.have.status(200)", true),
            ("pm.response.to.have.status(201)", false),
            (r#"pm.response.to.have.header("Content-Type")"#, true),
            (r#"pm.response.to.have.header("Allow")"#, false),
            (
                r#"pm.expect(pm.response.json().s).to.eql(pm.environment.get("known"))"#,
                true,
            ),
            (r#"pm.expect(pm.response.json().s).to.eql("other")"#, false),
            (
                r#"pm.expect(pm.response.json().s).to.eql(pm.environment.get("unknown"))"#,
                false,
            ),
            ("pm.expect(pm.response.json().a.b[1].id).to.eql(2)", true),
            ("pm.expect(pm.response.json().a.b[2].id).to.eql(2)", false),
            ("pm.expect(pm.response.json().a.b.length).to.eql(2)", true),
            (
                "pm.expect(pm.response.json().a.b.map(x => x.id)).to.include(2)",
                true,
            ),
            (
                "pm.expect(pm.response.json().a.b.map(x => x.id)).to.include(3)",
                false,
            ),
            (r#"pm.expect(pm.response.text()).to.include("some")"#, true),
            (r#"pm.expect(pm.response.text()).to.include("none")"#, false),
            (
                r#"pm.expect(pm.response.headers.get("Content-Type")).to.include("plain")"#,
                true,
            ),
            (
                r#"pm.expect(pm.response.json().a.b).to.be.a("array")"#,
                true,
            ),
            (
                r#"pm.expect(pm.response.json().nothing).to.be.a("string")"#,
                false,
            ),
            (
                r#"pm.expect(pm.response.json().a).to.have.property("b")"#,
                true,
            ),
            (
                r#"pm.expect(pm.response.json().a).to.have.property("c")"#,
                false,
            ),
            (
                r#"pm.expect(pm.response.json().a).to.not.have.property("c")"#,
                true,
            ),
            (
                r#"pm.expect(pm.response.json().a).to.not.have.property("b")"#,
                false,
            ),
        ] {
            let result = check(&format!(r#"pm.test("x", () => {assertion});"#));
            assert_eq!(result.is_ok(), holds, "{assertion}: {result:?}");
        }
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error_that_shows_where() {
        for (line, from) in [
            ("console.log(1);", "console"),
            (
                r#"pm.test("x", () => { pm.response.to.have.status(200); });"#,
                "{ pm",
            ),
            (
                r#"pm.test("x", () => pm.expect(pm.response.json().a).to.be.ok);"#,
                "be.ok",
            ),
            (
                r#"pm.test("x", () => pm.response.to.have.status(200)); more"#,
                " more",
            ),
            (r#"pm.environment.set("x", Date.now());"#, "Date"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(
                error.contains(&format!("here on: {from}")),
                "{line}: {error}"
            );
        }
    }
}
