package controllerruntime

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook/conversion"
)

// setup is the manager that one call of a kind's Setup is given. It keeps what is
// added instead of starting it.
type setup struct {
	manager.Manager
	cache cache.Cache
	log   logr.Logger
	// again says that Setup has been called before: what needs no election is in
	// the manager already.
	again bool

	elected []manager.Runnable // for a term
	always  []manager.Runnable // for every replica; those of the first call count
}

// rehearse calls Setup as Own promises, and returns what every replica is to run.
func rehearse(m *Manager, k Kind) ([]manager.Runnable, error) {
	first := &setup{Manager: m, cache: m.GetCache(), log: m.GetLogger()}
	if err := k.Setup(first); err != nil {
		return nil, err
	}
	if len(first.elected) == 0 {
		return nil, errors.New("it added no controller that needs an election: build one with the manager that Setup is given, and leave NeedLeaderElection alone; what every replica runs goes to the manager itself")
	}
	again := &setup{Manager: m, cache: newTermCache(m.GetCache()), log: m.GetLogger(), again: true}
	if err := k.Setup(again); err != nil {
		return nil, fmt.Errorf("it is called again for each term, and its second call failed: %w", err)
	}
	return first.always, nil
}

func (s *setup) Add(r manager.Runnable) error {
	if needsElection(r) {
		s.elected = append(s.elected, r)
	} else {
		s.always = append(s.always, r)
	}
	return nil
}

func (s *setup) GetCache() cache.Cache { return s.cache }

func (s *setup) GetLogger() logr.Logger { return s.log }

// GetControllerOptions lets a controller have the name of the one before it.
func (s *setup) GetControllerOptions() config.Controller {
	options := s.Manager.GetControllerOptions()
	if s.again {
		skip := true
		options.SkipNameValidation = &skip
	}
	return options
}

func (s *setup) GetFieldIndexer() client.FieldIndexer {
	if s.again {
		return indexed{}
	}
	return s.Manager.GetFieldIndexer()
}

func (s *setup) GetConverterRegistry() conversion.Registry {
	if s.again {
		return conversion.NewRegistry()
	}
	return s.Manager.GetConverterRegistry()
}

func (s *setup) AddHealthzCheck(name string, check healthz.Checker) error {
	if s.again {
		return nil
	}
	return s.Manager.AddHealthzCheck(name, check)
}

func (s *setup) AddReadyzCheck(name string, check healthz.Checker) error {
	if s.again {
		return nil
	}
	return s.Manager.AddReadyzCheck(name, check)
}

func (s *setup) AddMetricsServerExtraHandler(path string, handler http.Handler) error {
	if s.again {
		return nil
	}
	return s.Manager.AddMetricsServerExtraHandler(path, handler)
}

// indexed is an indexer whose indexes are there already.
type indexed struct{}

func (indexed) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return nil
}
