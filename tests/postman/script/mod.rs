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

mod check;
mod parse;

use serde_json::Value;

pub use parse::parse;

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

mod tests {
    use super::{Answer, Statement, parse};
    use crate::collection::Variables;

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
