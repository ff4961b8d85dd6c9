//! Charts as SVG.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::outcome::{Bar, Chart, Line, Shape, number};

const SIZE: (u32, u32) = (760, 320);
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const FAINT: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const COLORS: [RGBColor; 3] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd9, 0x6c, 0x06),
    RGBColor(0x2c, 0x8a, 0x4b),
];
/// A little room above the highest.
const ROOM: f64 = 1.15;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws it.
pub fn svg(chart: &Chart) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let drawn = match &chart.shape {
            Shape::Bars(bars) => draw_bars(&area, chart, bars),
            Shape::Lines { x, lines } => draw_lines(&area, chart, x, lines),
        };
        drawn.map_err(|error| anyhow!("{}: {error}", chart.title))?;
        area.present()?;
    }
    Ok(text)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Bars lie, so that their labels can be read.
fn draw_bars(area: &Area<'_>, chart: &Chart, bars: &[Bar]) -> Drawn {
    area.fill(&WHITE)?;
    let highest = bars.iter().flat_map(|bar| [Some(bar.value), bar.goal]);
    let highest = highest.flatten().fold(0.0, f64::max).max(1e-9);
    let count = bars.len() as f64;
    let mut on = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 18).into_font().color(&INK))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(230)
        .build_cartesian_2d(0.0..highest * ROOM, 0.0..count)?;
    on.configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .light_line_style(WHITE)
        .bold_line_style(FAINT)
        .x_desc(&chart.y)
        .x_label_formatter(&|value| number(*value))
        .axis_style(INK)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .draw()?;
    for (index, bar) in bars.iter().enumerate() {
        let middle = count - index as f64 - 0.5;
        let ours = bar.goal.is_some() || bar.label.starts_with("podling");
        let color = COLORS[usize::from(!ours)];
        let corners = [(0.0, middle - 0.3), (bar.value, middle + 0.3)];
        on.draw_series([Rectangle::new(corners, color.filled())])?;
        if let Some(goal) = bar.goal {
            let line = vec![(goal, middle - 0.42), (goal, middle + 0.42)];
            on.draw_series([PathElement::new(line, INK.stroke_width(2))])?;
        }
        let at = on.backend_coord(&(bar.value, middle));
        let style = ("sans-serif", 13).into_font().color(&INK);
        area.draw(&Text::new(
            number(bar.value),
            (at.0 + 6, at.1 - 7),
            style.clone(),
        ))?;
        let left = on.backend_coord(&(0.0, middle));
        area.draw(&Text::new(bar.label.clone(), (12, left.1 - 7), style))?;
    }
    if bars.iter().any(|bar| bar.goal.is_some()) {
        let style = ("sans-serif", 12).into_font().color(&INK);
        let at = (SIZE.0 as i32 - 150, SIZE.1 as i32 - 22);
        area.draw(&Text::new("| what is wanted", at, style))?;
    }
    Ok(())
}

fn draw_lines(area: &Area<'_>, chart: &Chart, x: &str, lines: &[Line]) -> Drawn {
    area.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| &line.points);
    let right = points().map(|point| point.0).fold(0.0, f64::max).max(1e-9);
    let top = points().map(|point| point.1).fold(0.0, f64::max).max(1e-9);
    let mut on = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 18).into_font().color(&INK))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..right, 0.0..top * ROOM)?;
    on.configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(FAINT)
        .x_desc(x)
        .y_desc(&chart.y)
        .x_label_formatter(&|value| number(*value))
        .y_label_formatter(&|value| number(*value))
        .axis_style(INK)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .draw()?;
    for (line, color) in lines.iter().zip(COLORS.iter().cycle()) {
        let points = line.points.iter().copied();
        on.draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(&line.label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    on.configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .label_font(("sans-serif", 13).into_font().color(&INK))
        .draw()?;
    Ok(())
}
