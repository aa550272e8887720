package history

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestMistakes: everything that is wrong with the command line is said at once.
func TestMistakes(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	command := NewCommand("kindred", streams)
	command.SilenceUsage, command.SilenceErrors = true, true
	command.SetArgs([]string{"-o", "xml", "--component", "A B"})
	err := command.Execute()
	for _, want := range []string{`there are 0 kinds: name one, as in "kindred history Database"`, `--output is "xml"`, "--component"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not say %s", err, want)
		}
	}
}
