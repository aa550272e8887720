package screen

import (
	"bytes"
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	show := strings.NewReplacer("\x1b[H", "<home>", "\x1b[K", "<cl>", "\x1b7", "<save>", "\x1b8", "<restore>", "\r\n", "|")
	tests := map[string]struct {
		text          string
		prompt        bool
		rows, columns int
		want          string
	}{
		"shorter than the terminal": {"ab\ncd\n", false, 3, 9, "<home>ab<cl>|cd<cl>|<cl>"},
		"higher":                    {"ab\ncd\nef\n", false, 2, 9, "<home>ab<cl>|cd<cl>"},
		"wider":                     {"äbcdef\n", false, 1, 3, "<home>äbc<cl>"},
		"with a prompt":             {"ab\ncd\nef\ngh\n", true, 4, 9, "<save><home>ab<cl>|cd<cl><restore>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := show.Replace(frame(test.text, test.prompt, test.rows, test.columns)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOnlyATerminalIsAScreen(t *testing.T) {
	if Of(&bytes.Buffer{}) != nil {
		t.Error("a buffer is no terminal")
	}
}
