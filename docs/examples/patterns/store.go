package patterns

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Store is something outside the cluster that several owners act on, one after the
// other. It keeps the token of the newest term that it has heard of, and refuses
// whoever comes with an older one: the fence is where the effect is, so a late
// request of a former owner has none.
type Store struct {
	mu     sync.Mutex
	lease  string // the UID in the tokens that it takes; empty before the first
	newest int
	values map[string]string
}

// Put sets a value under a term's token.
func (s *Store) Put(token, key, value string) error {
	uid, number, found := strings.Cut(token, "/")
	term, err := strconv.Atoi(number)
	if !found || uid == "" || err != nil {
		return fmt.Errorf("token %q is not <uid>/<number>", token)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lease == "":
		s.lease = uid
	case s.lease != uid:
		// Somebody has deleted the Lease. Which of the two is older, tokens do not say.
		return fmt.Errorf("token %s is of another Lease than %s: when the Lease was made anew, say so with Adopt", token, s.lease)
	case term < s.newest:
		return fmt.Errorf("token %s is of an older term than %d", token, s.newest)
	}
	s.newest = term
	if s.values == nil {
		s.values = map[string]string{}
	}
	s.values[key] = value
	return nil
}

// Adopt is for a person who has seen that the Lease was made anew.
func (s *Store) Adopt(uid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease, s.newest = uid, 0
}

// Get returns a value.
func (s *Store) Get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key]
}
