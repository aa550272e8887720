// Package screen draws text that changes: over itself on a terminal. What is no
// terminal is not drawn on; its users append lines instead.
package screen

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Screen is a terminal.
type Screen struct {
	out  io.Writer
	size func() (rows, columns int)
}

// Of returns the screen behind out, nil if out is no terminal.
func Of(out io.Writer) *Screen {
	file, ok := out.(*os.File)
	if !ok {
		return nil
	}
	size := func() (rows, columns int) {
		window, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
		if err != nil {
			return 0, 0
		}
		return int(window.Row), int(window.Col)
	}
	if _, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err != nil {
		return nil
	}
	return &Screen{out: out, size: size}
}

// What a terminal obeys.
const (
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
	save       = "\x1b7"
	restore    = "\x1b8"
)

// Height and width that are taken when a terminal does not tell its own.
const (
	defaultRows    = 24
	defaultColumns = 80
)

// Draw fills the terminal from its top with the text, as far as that fits. With a
// prompt, the last line is left alone for the person to type on, and so is the
// cursor.
func (s *Screen) Draw(text string, prompt bool) error {
	_, err := io.WriteString(s.out, frame(text, prompt, s.rows(), s.columns()))
	return err
}

// Room is how many lines Draw can show.
func (s *Screen) Room(prompt bool) int { return room(s.rows(), prompt) }

func room(rows int, prompt bool) int {
	if prompt {
		// The prompt is on the last line but one: Enter on the last would scroll.
		return rows - 2
	}
	return rows
}

// Prompt empties the last line, writes the prompt there and leaves the cursor
// behind it.
func (s *Screen) Prompt(prompt string) error {
	rows := s.rows()
	_, err := io.WriteString(s.out, position(rows-1)+clearBelow+prompt)
	return err
}

// Clear empties the terminal.
func (s *Screen) Clear() error {
	_, err := io.WriteString(s.out, home+clearBelow)
	return err
}

// Leave puts the cursor below everything.
func (s *Screen) Leave() error {
	_, err := io.WriteString(s.out, position(s.rows())+"\r\n")
	return err
}

func (s *Screen) rows() int {
	if rows, _ := s.size(); rows > 2 {
		return rows
	}
	return defaultRows
}

func (s *Screen) columns() int {
	if _, columns := s.size(); columns > 2 {
		return columns
	}
	return defaultColumns
}

// frame is what Draw writes.
func frame(text string, prompt bool, rows, columns int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	out := &strings.Builder{}
	if prompt {
		out.WriteString(save)
	}
	out.WriteString(home)
	for i := range room(rows, prompt) {
		if i > 0 {
			out.WriteString("\r\n")
		}
		if i < len(lines) {
			out.WriteString(cut(lines[i], columns))
		}
		out.WriteString(clearLine)
	}
	if prompt {
		out.WriteString(restore)
	}
	return out.String()
}

// cut shortens a line to the width of the terminal, or it would take two.
func cut(line string, columns int) string {
	runes := []rune(line)
	if len(runes) <= columns {
		return line
	}
	return string(runes[:columns])
}

// position moves the cursor to the beginning of a line, counted from one.
func position(row int) string {
	return "\x1b[" + strconv.Itoa(row) + ";1H"
}
