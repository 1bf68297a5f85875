import { recipe } from "drover";

/** What sends a file of its own into a volume; the only one that it has for sure is itself, as its test names it. */
export default recipe({
  summary: "Send this recipe into a volume",
  needs: [
    "storage_pool:getattr,search_storage_vols",
    "storage_vol:getattr,read,create,data_write,data_read",
  ],
  files: ["recipe.ts"],
  async run({ host, files }): Promise<{ sent: boolean; last: number }> {
    const pool = await host.pool("default-pool");
    const volume = await pool.createVolume({
      xml:
        "<volume><name>recipe.raw</name><capacity unit='KiB'>64</capacity><allocation>0</allocation></volume>",
    });
    let last = 0;
    await volume.uploadFrom("recipe.ts", { onProgress: ({ fraction }) => void (last = fraction) });
    const text = await files.text("recipe.ts");
    const { bytes } = await volume.download({ length: text.length });
    return { sent: new TextDecoder().decode(bytes) === text, last };
  },
});
