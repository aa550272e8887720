package lease_test

import (
	"testing"
	"time"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

func TestPodEnded(t *testing.T) {
	at := func(seconds int64) time.Time { return time.Unix(1000+seconds, 0) }
	running := func(name string) lease.Container { return lease.Container{Name: name, Running: true} }
	ended := func(name string, seconds int64) lease.Container {
		return lease.Container{Name: name, Finished: at(seconds)}
	}
	m := lease.Member{PodUID: "u", Container: "main", Started: 1010}
	anywhere := lease.Member{PodUID: "u", Started: 1010}
	for name, c := range map[string]struct {
		pod    lease.Pod
		member lease.Member
		want   bool
	}{
		"runs":                           {lease.Pod{UID: "u", Containers: []lease.Container{running("main")}}, m, false},
		"ended after it started":         {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 11)}}, m, true},
		"ended in the second it started": {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 10)}}, m, true},
		"an earlier process ended":       {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 9)}}, m, false},
		"the kubelet does not say when":  {lease.Pod{UID: "u", Containers: []lease.Container{{Name: "main"}}}, m, false},
		"another container ended":        {lease.Pod{UID: "u", Containers: []lease.Container{running("main"), ended("side", 11)}}, m, false},
		"the other one runs":             {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 11), running("side")}}, m, true},
		"any of two may be it":           {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 11), running("side")}}, anywhere, false},
		"both ended":                     {lease.Pod{UID: "u", Containers: []lease.Container{ended("main", 11), ended("side", 12)}}, anywhere, true},
		"no such container":              {lease.Pod{UID: "u", Containers: []lease.Container{ended("side", 11)}}, m, false},
		"nothing said":                   {lease.Pod{UID: "u"}, m, false},
		"another Pod of the name":        {lease.Pod{UID: "v", Containers: []lease.Container{ended("main", 11)}}, m, false},
		"no Pod known":                   {lease.Pod{Containers: []lease.Container{ended("main", 11)}}, lease.Member{Container: "main"}, false},
		"final":                          {lease.Pod{UID: "u", Final: true, Containers: []lease.Container{ended("main", 9)}}, m, true},
		"final and never started":        {lease.Pod{UID: "u", Final: true}, m, true},
		"final by the control plane":     {lease.Pod{UID: "u", Final: true, Containers: []lease.Container{running("main")}}, m, false},
	} {
		if got := c.pod.Ended(c.member); got != c.want {
			t.Errorf("%s: ended is %v, want %v", name, got, c.want)
		}
	}
}
