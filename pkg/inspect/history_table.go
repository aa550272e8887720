package inspect

import (
	"io"
	"strconv"
	"time"
)

// clock is how a table dates what happened.
const clock = "2006-01-02 15:04:05.000"

// Write writes the terms as a table for people, with more columns when it is wide.
func (h *History) Write(out io.Writer, wide bool) error {
	t := newTable(out)
	row := func(narrow, more []string) {
		if wide {
			narrow = append(narrow, more...)
		}
		t.row(narrow...)
	}
	row([]string{"OWNER", "TERM", "FROM", "HELD", "ENDED", "NEXT", "GAP-BEFORE"}, []string{"TO", "HOLDER", "TOKEN", "WHY"})
	for _, term := range h.Terms {
		row([]string{term.Owner, strconv.Itoa(term.Term), dated(term.From.Time), shorter(term.Held), term.end(), term.Next, shorter(term.Without)},
			[]string{dated(term.To.Time), term.Holder, term.Token, term.Why})
	}
	return t.flush()
}

// end says how a term ended.
func (t PastTerm) end() string {
	end := t.Ended
	switch {
	case t.Current:
		end = "(owns it)"
	case end == "":
		end = "(not told)"
	}
	if t.Stuck && t.Ended != "Stuck" {
		end += ",stuck"
	}
	if t.WriteRefused {
		end += ",write refused"
	}
	return end
}

func dated(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(clock)
}

// shorter leaves out of a duration what nobody reads.
func shorter(text string) string {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return text
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
