package simulate

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// simulate runs the command and returns what it wrote.
func simulate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	command := NewCommand("kindred", streams)
	command.SilenceUsage, command.SilenceErrors = true, true
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

var small = []string{"--kinds=12", "--replicas=4", "--hours=1", "--rollouts=1", "--crashes=2"}

// The same seed gives the same report and the same picture; another seed does not.
func TestSimulateIsDeterministic(t *testing.T) {
	run := func(seed string) (text, picture string) {
		path := filepath.Join(t.TempDir(), "plot.svg")
		text, err := simulate(t, append(small, "-o=json", "--plot="+path, "--seed="+seed)...)
		if err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text, string(svg)
	}
	text, picture := run("7")
	again, pictureAgain := run("7")
	if text != again || picture != pictureAgain {
		t.Errorf("one seed gave two reports:\n%s\n%s", text, again)
	}
	if other, _ := run("8"); other == text {
		t.Error("two seeds gave one report")
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.Rollouts != 1 || d.Crashes != 2 || d.Moves < 12 || d.MostMovesInRollout > 2 || d.AfterHandover.Times == 0 || d.AfterCrash.Times == 0 {
		t.Errorf("the report is %+v", d)
	}
	// 12 renewals every two seconds and 4 heartbeats every five, and little else.
	if idle := 12.0/2 + 4.0/5; d.RequestsPerSecond < 0.9*idle || d.RequestsPerSecond > 1.1*idle {
		t.Errorf("%v requests a second, want about %v", d.RequestsPerSecond, idle)
	}
	decoder := xml.NewDecoder(strings.NewReader(picture))
	elements := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
	if elements["svg"] != 1 || elements["path"] < 5 || elements["text"] < 10 || !strings.Contains(picture, "prefers-color-scheme: dark") || strings.Contains(picture, "href") {
		t.Errorf("the picture has %v", elements)
	}
}

func TestSimulateInWords(t *testing.T) {
	text, err := simulate(t, small...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12 kinds, 4 replicas, 1 hours", "1 rolling updates, 2 crashes", "at most ", "  update"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
}

func TestSimulateSaysAllThatIsWrong(t *testing.T) {
	_, err := simulate(t, "--kinds=0", "--replicas=100000", "--load=heavy", "-o=yaml", "--crashes=-1", "--time-limit=0")
	if err == nil {
		t.Fatal("it ran")
	}
	for _, want := range []string{"kinds is 0", "replicas is 100000", `load is "heavy": use none, noise, shift, daily`, `--output is "yaml"`, "crashes is -1", "--time-limit is 0s"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if _, err := simulate(t, "--hours=NaN"); err == nil || !strings.Contains(err.Error(), "--hours is NaN") {
		t.Errorf("error %v", err)
	}
}

func TestSimulateGivesUpInTime(t *testing.T) {
	_, err := simulate(t, "--time-limit=1ns")
	if err == nil || !strings.Contains(err.Error(), "give a longer --time-limit") {
		t.Errorf("error %v", err)
	}
}
