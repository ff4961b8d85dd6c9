//! From a line of text to a statement.

use serde_json::Value;

use super::{Assertion, Expression, Statement, Step};

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
        // What has no closing sign of its own ends where something else begins: `200)`.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        if self.rest().starts_with(plain) {
            let length = self.rest().find(|c| !plain(c)).unwrap_or(self.rest().len());
            let value = serde_json::from_str(&self.rest()[..length]);
            let value = value.map_err(|_| self.not_understood())?;
            self.at += length;
            return Ok(value);
        }
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
