package report

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Plot is a row of points for each series: on a line from each other on a numeric axis
// when Lines is set, and otherwise above names. The axis of values is logarithmic,
// because the systems differ by orders of magnitude.
type Plot struct {
	// File is its name, without a directory.
	File string
	// Title says what is shown, Y in which unit; X is that of a numeric axis.
	Title, X, Y string
	// Names are of the places along the other axis, for a plot without Lines.
	Names  []string
	Series []Series
	Lines  bool
}

// Series is one system's points. A value that is not positive is left out.
type Series struct {
	Name string
	// X are places: indexes of Names, or numbers.
	X, Y []float64
}

// palette is of colours that people with any kind of sight can tell apart, and shapes
// differ too.
var (
	palette = []color.Color{
		color.RGBA{0, 114, 178, 255}, color.RGBA{213, 94, 0, 255}, color.RGBA{0, 158, 115, 255},
		color.RGBA{204, 121, 167, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{86, 180, 233, 255},
	}
	shapes = []draw.GlyphDrawer{
		draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{},
	}
)

// Save draws it into an SVG file at path.
func (p Plot) Save(path string) error {
	if !p.Lines && len(p.Names) == 0 {
		return fmt.Errorf("%s: there is nothing to draw", p.File)
	}
	canvas := plot.New()
	canvas.Title.Text, canvas.X.Label.Text, canvas.Y.Label.Text = p.Title, p.X, p.Y
	canvas.BackgroundColor = color.White
	canvas.Title.Padding = vg.Points(8)
	for _, style := range []*font.Variant{
		&canvas.Title.TextStyle.Font.Variant, &canvas.X.Label.TextStyle.Font.Variant, &canvas.Y.Label.TextStyle.Font.Variant,
		&canvas.X.Tick.Label.Font.Variant, &canvas.Y.Tick.Label.Font.Variant, &canvas.Legend.TextStyle.Font.Variant,
	} {
		*style = "Sans"
	}
	canvas.Y.Scale, canvas.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	if p.Lines {
		canvas.X.Scale, canvas.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		canvas.NominalX(p.Names...)
	}
	canvas.Legend.Top, canvas.Legend.Left = true, p.Lines
	canvas.Add(plotter.NewGrid())
	drawn := 0
	for i, s := range p.Series {
		var points plotter.XYs
		for j, y := range s.Y {
			if y > 0 {
				points = append(points, plotter.XY{X: s.X[j], Y: y})
			}
		}
		if len(points) == 0 {
			continue
		}
		drawn++
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", p.File, s.Name, err)
		}
		line.Color, dots.Color, dots.Shape, dots.Radius = palette[i%len(palette)], palette[i%len(palette)], shapes[i%len(shapes)], vg.Points(4)
		if p.Lines {
			canvas.Add(line)
		}
		canvas.Add(dots)
		canvas.Legend.Add(s.Name, dots)
	}
	if drawn == 0 {
		return fmt.Errorf("%s: there is nothing to draw", p.File)
	}
	// Room below the points, and above them for the legend.
	canvas.Y.Min /= 2
	canvas.Y.Max *= 20
	if !p.Lines {
		canvas.X.Min, canvas.X.Max = -0.5, float64(len(p.Names))-0.5
	}
	return canvas.Save(18*vg.Centimeter, 10*vg.Centimeter, path)
}

// Add adds a point above a name.
func (p *Plot) Add(series, name string, y float64) {
	place := slices.Index(p.Names, name)
	if place < 0 {
		place = len(p.Names)
		p.Names = append(p.Names, name)
	}
	p.AddAt(series, float64(place), y)
}

// AddAt adds a point at a number.
func (p *Plot) AddAt(series string, x, y float64) {
	i := slices.IndexFunc(p.Series, func(s Series) bool { return s.Name == series })
	if i < 0 {
		i = len(p.Series)
		p.Series = append(p.Series, Series{Name: series})
	}
	s := &p.Series[i]
	s.X, s.Y = append(s.X, x), append(s.Y, y)
}
