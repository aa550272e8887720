package demo

import (
	"fmt"
	"strings"
)

// verb is what a person can type.
type verb string

const (
	add  verb = "add"
	stop verb = "stop"
	kill verb = "kill"
	help verb = "help"
	quit verb = "quit"
)

// request is one line that a person typed.
type request struct {
	verb verb
	// replica is what stop and kill are about: a replica's whole name.
	replica string
}

// helpText is the answer to help.
const helpText = `add       start one more replica
stop N    ask replica N to stop (SIGTERM): it hands its kinds over first
kill N    kill replica N (SIGKILL): its kinds wait until its Leases expire
quit      end the demo`

// prompt reminds of the words.
const prompt = "add | stop N | kill N | help | quit"

// parseRequest reads a line; an empty one is no request and no error.
func parseRequest(line string) (request, error) {
	words := strings.Fields(strings.ToLower(line))
	if len(words) == 0 {
		return request{}, nil
	}
	r := request{verb: verb(words[0])}
	want := 1
	switch r.verb {
	case "q", "exit":
		r.verb = quit
	case "?", "h":
		r.verb = help
	case add, help, quit:
	case stop, kill:
		want = 2
	default:
		return request{}, fmt.Errorf("%q is not a command: use add, stop N, kill N, help or quit", words[0])
	}
	switch {
	case len(words) < want:
		return request{}, fmt.Errorf("%s which replica? For example: %s 2", r.verb, r.verb)
	case len(words) > want:
		return request{}, fmt.Errorf("%s: what is %q? One command a line, about one replica", r.verb, strings.Join(words[want:], " "))
	case want == 2:
		r.replica = replicaName(words[1])
	}
	return r, nil
}

// replicaName lets a person leave the first part of a replica's name out.
func replicaName(word string) string {
	if strings.HasPrefix(word, namePrefix) {
		return word
	}
	return namePrefix + word
}
