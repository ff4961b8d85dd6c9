//! Tables without borders, a row a line, so that `grep` and `awk` work on them.

use comfy_table::presets::NOTHING;

/// A table; a row may have a remark, which stands indented on the next line.
pub(super) struct Table {
    table: comfy_table::Table,
    remarks: Vec<Option<String>>,
}

impl Table {
    pub fn new(header: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_header(header.to_vec());
        Self {
            table,
            remarks: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: Vec<String>, remark: Option<String>) {
        self.table
            .add_row(cells.iter().map(|cell| one_line(cell)).collect::<Vec<_>>());
        self.remarks.push(remark.map(|remark| one_line(&remark)));
    }

    pub fn render(&mut self) -> String {
        self.table.discover_columns();
        for column in self.table.column_iter_mut() {
            column.set_padding((0, 3));
        }
        let mut lines = Vec::new();
        // The first line is the header's.
        let remarks = [None]
            .into_iter()
            .chain(self.remarks.iter().map(Option::as_ref));
        for (line, remark) in self.table.trim_fmt().lines().zip(remarks) {
            lines.push(line.to_owned());
            lines.extend(remark.map(|remark| format!("    {remark}")));
        }
        lines.join("\n")
    }
}

fn one_line(text: &str) -> String {
    match text.contains(|c: char| c.is_control()) {
        true => text.replace(|c: char| c.is_control(), " "),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_remarks_follow_their_row() {
        let mut table = Table::new(&["ID", "NAME"]);
        table.row(vec!["1".into(), "long name".into()], Some("why\nso".into()));
        table.row(vec!["22".into(), "x".into()], None);
        assert_eq!(
            table.render(),
            "ID   NAME\n1    long name\n    why so\n22   x"
        );
    }
}
