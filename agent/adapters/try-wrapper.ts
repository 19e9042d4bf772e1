// The shell script that runs a try. It outlives the agent: it claims the try, runs the command, records its exit code.
//
// - The claim is a file made with O_EXCL (noclobber) before the command is started: the second wrapper of a try does nothing. It holds pid,
//   start ticks and boot, found without forking, so that the window between making and filling it is as short as can be.
// - The traps keep the wrapper alive through SIGTERM to its group, to record how the command took it; they are not inherited, so the
//   command has the default dispositions. An ignored signal would be inherited for good.
// - The exit code is one short line, complete when its newline is there; a rename would need another program on the user's PATH.
// - The wrapper's own stderr is closed, or the shell's remark on a killed command would stand in the task's stderr.txt.
// - The command is an absolute path and run by exec, so no builtin or function of the shell can stand in for it.

/** Arguments: base path of the claim and exit files, id of the machine's boot, mask for new files, then program and arguments. */
export const tryWrapperScript = `base=$1 boot=$2 mask=$3
shift 3
exec 3>&2 2>/dev/null
umask 077
trap : TERM INT HUP
read -r stat </proc/$$/stat
take() { shift 19; ticks=$1; }
take \${stat##*) }
set -C
echo "$$ $ticks $boot" >"$base.claim" || exit 0
set +C
(umask "$mask"; exec "$@" 2>&3 3>&-)
code=$?
echo "$code" >"$base.exit"
exit "$code"
`;
