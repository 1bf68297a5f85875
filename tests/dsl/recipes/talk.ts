import { recipe } from "drover";

/** What talks to a guest without typing anything: whatever is killed in it, nobody has to say what became of it. */
export default recipe({
  summary: "Watch a guest boot, and freeze it for a snapshot",
  needs: ["domain:getattr,read,start,stop,suspend,open_device,fs_freeze,snapshot"],
  async run({ host }): Promise<{ login: boolean; reopened: number }> {
    const vm = await host.domain("test");
    await vm.destroy();
    await vm.start({ paused: true });
    await vm.console.open();
    await vm.resume();
    const login = await vm.console.expect(/login: $/, { within: "200ms" }).then(() => true, () => false);
    {
      await using _frozen = await vm.agent.freeze();
      await vm.snapshots.create({ name: "still" });
    }
    return { login, reopened: vm.console.gaps.reopened };
  },
});
