package cluster

// Dir and PIDs let tests see that nothing is left behind.

func (c *Cluster) Dir() string {
	switch s := c.srv.(type) {
	case *builtin:
		return s.dir
	case *assets:
		return s.files.Dir
	}
	return ""
}

func (c *Cluster) PIDs() []int {
	var children []*child
	switch s := c.srv.(type) {
	case *builtin:
		children = []*child{s.proc}
	case *assets:
		children = []*child{s.etcd, s.apiserver, s.guard}
	}
	var pids []int
	for _, c := range children {
		if c.running() {
			pids = append(pids, c.cmd.Process.Pid)
		}
	}
	return pids
}
